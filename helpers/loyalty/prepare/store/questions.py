"""The questions that the store answers, as SQL that a learner can read. Values are bound (`$day`), never written in."""

from __future__ import annotations

# Which load of each month counts, as known at the end of a day. A corrected month has several; the last one counts.
CURRENT_LOADS = """
SELECT month, max(load_id) AS load_id
FROM loads
WHERE recorded_at <= $known_on
GROUP BY month
"""

# Which snapshot of each day counts, as known at the end of a day.
CURRENT_SNAPSHOTS = """
SELECT scheme, as_of, max(snapshot_id) AS snapshot_id
FROM snapshots
WHERE recorded_at <= $known_on AND scheme = $scheme
GROUP BY scheme, as_of
"""

# Spells in a segment, from snapshots: a spell begins where a customer's segment differs from that of the snapshot
# before, and ends, half open, where the next one begins or where the customer is no longer in the snapshot.
MEMBERSHIP = f"""
WITH current AS ({CURRENT_SNAPSHOTS}),
days AS (
    SELECT snapshot_id, as_of, version,
           lag(snapshot_id) OVER (ORDER BY as_of) AS snapshot_before,
           lead(as_of) OVER (ORDER BY as_of) AS next_day
    FROM current JOIN snapshots USING (snapshot_id, scheme, as_of)
),
marked AS (
    SELECT m.customer_id, d.version, m.segment, d.as_of, d.next_day, d.snapshot_before,
           lag(m.snapshot_id) OVER spell AS held_in,
           lag(m.segment) OVER spell AS segment_before,
           lag(d.version) OVER spell AS version_before
    FROM members m JOIN days d USING (snapshot_id)
    WINDOW spell AS (PARTITION BY m.customer_id ORDER BY d.as_of)
),
numbered AS (
    SELECT *, sum(CASE WHEN held_in = snapshot_before AND segment_before = segment AND version_before = version
                       THEN 0 ELSE 1 END) OVER (PARTITION BY customer_id ORDER BY as_of) AS spell
    FROM marked
)
SELECT customer_id, $scheme AS scheme, any_value(version) AS version, any_value(segment) AS segment,
       min(as_of) AS valid_from,
       CASE WHEN bool_or(next_day IS NULL) THEN NULL ELSE max(next_day) END AS valid_to
FROM numbered
GROUP BY customer_id, spell
ORDER BY customer_id, valid_from
"""

# Who was in which segment on one day, and on another: one row for each customer who moved, came or left.
WHO_MOVED = f"""
WITH spells AS ({MEMBERSHIP}),
before AS (SELECT customer_id, segment FROM spells
           WHERE valid_from <= $start AND (valid_to > $start OR valid_to IS NULL)),
after AS (SELECT customer_id, segment FROM spells
          WHERE valid_from <= $end AND (valid_to > $end OR valid_to IS NULL))
SELECT customer_id, before.segment AS segment_before, after.segment AS segment_after
FROM before FULL JOIN after USING (customer_id)
WHERE segment_before IS DISTINCT FROM segment_after
ORDER BY customer_id
"""
