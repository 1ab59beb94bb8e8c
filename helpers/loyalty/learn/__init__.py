"""Room 4, learn: what was tried, on whom, with which response; and what to offer next."""
