# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: two lists of one town
#     question: Which records are one person, and is a match worth its price?
#     module: loyalty.prepare.identity
#     test: helpers/tests/tasks/t13/test_tasks.py
#     minutes: 35
#     pace: 6 for 13a, 11 for 13b, 7 for 13c, 7 for 13d, 4 for the decision
# ---

# %% [markdown]
# [[opening]]
#
# Marta helps a small chain in another town. Its stores have `cards`, its web shop has `accounts`, and nobody knows who is in both. A clerk typed the cards, and some of them in a hurry.
#
# `cards.sales` are the euros that a card sold in the stores in 2023. All people are invented. Names, phones and e-mails are personal data all the same: look at them masked.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("13a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t13.scene import mask, open_town

cards, accounts = open_town()
mask(cards)

# %% [markdown]
# **13a Who is behind this number?** The new system wants to join cards by phone. One number is typed in many ways: `(212) 555-2345`, `+1212555…`, `001 212 …`, or with an extension, `ext. 12`. Bring the phones to ten digits, without the country and without the extension. How many cards have the most frequent number? Count the cards only, not the accounts. One whole number.

# %%
### BEGIN SOLUTION
phones = cards.phone.str.replace(r" ext\..*", "", regex=True)
digits = phones.str.replace(r"\D", "", regex=True).str[-10:]
counts = digits.value_counts()
most = int(counts.iloc[0])
### END SOLUTION

# %%
check("13a", most)

# %%
hint("13a")

# %% tags=["verify", "solution"]
made_up = counts[counts > 6]
assert most == made_up.iloc[0] and len(made_up) == 6 and counts[counts <= 6].max() <= 5
copied = accounts.phone.str.replace(r"\D", "", regex=True) == counts.index[0]

# %% [markdown] tags=["solution"]
# {{most}} cards. It is the number on the sample form, and the clerks copied it. So did {{int(copied.sum())}} customers, in their accounts. With the other made-up numbers there are {{int(made_up.sum())}} cards that the join would melt into {{len(made_up)}} very rich customers. Look at the most frequent values before you join by any column.

# %% [markdown]
# **13b Who is in both lists?** Join `accounts` and `cards` by e-mail. First write both sides in one form: small letters, no blanks around, and without what stands from `+` up to the `@` (`anna+shop@…` is the mailbox `anna@…`). How many accounts have the e-mail of a card? And for how many euros did these cards sell in the stores, each card counted once? Two numbers: `(accounts, euros)`, euros to the cent.


# %%
### BEGIN SOLUTION
def write_alike(emails):
    small = emails.str.strip().str.lower()
    return small.str.replace(r"\+[^@]*@", "@", regex=True)


left = accounts.assign(mail=write_alike(accounts.email))
right = cards.assign(mail=write_alike(cards.email)).dropna(subset="mail")
joined = left.merge(right, on="mail")
matched = joined.account_id.nunique()
euros = joined.drop_duplicates("card_id").sales.sum()
in_both = (matched, euros)
### END SOLUTION

# %%
check("13b", in_both)

# %%
hint("13b")

# %% tags=["verify", "solution"]
from loyalty.tasks.t13.tasks import count_wrong

typed = accounts.merge(cards.dropna(subset="email"), on="email").account_id.nunique()
too_much = joined.sales.sum() - euros
wrong = count_wrong(joined)
assert len(joined) > matched > 1.5 * typed and too_much > 5_000
assert wrong["same household"] > 50 and wrong["strangers"] == 0

# %% [markdown] tags=["solution"]
# {{matched:,}} accounts, €{{euros:,.0f}}. As typed, only {{typed}} are found. If you sum the join itself, you invent €{{too_much:,.0f}} of sales: a family shares an e-mail, some people have two cards, and their rows multiply. Count the rows before and after each join.
#
# And is each pair one person? We cannot see it here. Only a simulated town can tell: in {{wrong["same household"]}} of the {{len(joined):,}} pairs card and account belong to two members of one family.

# %% [markdown]
# **13c From which score on?** A service has scored pairs of a card and an account, from 0 to 1. A clerk called the people behind a random sample of them and wrote down what he found, in `checked`. The chain wants to send letters with store purchases in them. Of 100 linked pairs 99 must be one person: this is the floor. Use `choose_threshold` (it wants the columns `probability` and `is_match`), with `floor=0.99` and everything else as it is. It takes the lower end of the precision's interval, not the precision itself. What is the smallest score whose lower end holds the floor? One number with three decimals.

# %%
from loyalty.prepare.identity import choose_threshold
from loyalty.tasks.t13.scene import open_sample

sample = open_sample()
sample.checked.value_counts()

# %%
### BEGIN SOLUTION
labelled = sample.assign(
    probability=sample.score,
    is_match=sample.checked == "same person",
)
choice = choose_threshold(labelled, floor=0.99)
threshold = choice.threshold
### END SOLUTION

# %%
check("13c", threshold)

# %%
hint("13c")

# %% tags=["solution"]
from loyalty.charts import house_style
from loyalty.tasks.t13.scene import SEED

house_style()
title = "The sample's own precision holds the floor too early"
ax = choice.plot(title=title, source=f"simulated town, seed {SEED}")

# %% tags=["verify", "solution"]
from loyalty.tasks.t13.tasks import find_best_f1, find_by_estimate, tell_precision

tempting = find_by_estimate(choice.table)
best_f1 = find_best_f1(choice.table)
assert tell_precision(threshold) >= 0.99 > tell_precision(tempting)

# %% [markdown] tags=["solution"]
# {{threshold:.3f}}. In the sample {{tempting:.3f}} looks good enough. In truth, which only a simulated town can tell, {{100 * tell_precision(tempting):.1f}} of 100 pairs are one person there: the floor is broken. The best F1 ({{best_f1:.3f}}) would send {{100 * (1 - tell_precision(best_f1)):.0f}} of 100 letters to the wrong person, many of them to a member of the family. A shared phone makes a household. It does not make one customer.

# %% [markdown]
# **13d Is a match worth its price?** The service asks €0.95 for a matched profile: it says which card and which account are one customer. In a pilot 12,000 profiles were bought. A lottery chose about half, and their offers were picked by what they buy in the stores (`used`). The others got the usual offers (`not used`). Beside them the table has customers for whom the service found nobody (`not matched`). `margin` is in euros, in the eight weeks after.
#
# After the pilot each profile that is bought will be used. What does one used profile bring, less the price of one profile? Give it with a 95 % interval (1.96 standard errors, each group with its own variance). Three numbers: `(net, low, high)`, to the cent.

# %%
from loyalty.tasks.t13.scene import PRICE, run_pilot

pilot = run_pilot()
pilot.groupby("group").margin.agg(["size", "mean"]).round(2)

# %%
### BEGIN SOLUTION
used = pilot.margin[pilot.group == "used"]
not_used = pilot.margin[pilot.group == "not used"]
gain = used.mean() - not_used.mean()
error = (used.var() / len(used) + not_used.var() / len(not_used)) ** 0.5
net = (
    gain - PRICE,
    gain - 1.96 * error - PRICE,
    gain + 1.96 * error - PRICE,
)
### END SOLUTION

# %%
check("13d", net)

# %%
hint("13d")

# %% tags=["verify", "solution"]
from loyalty.text import say_euros

brings, least, most = (say_euros(value, 2) for value in net)
unmatched = pilot.margin[pilot.group == "not matched"]
slide = used.mean() - unmatched.mean()
anyway = not_used.mean() - unmatched.mean()
assert net[2] < 0 < gain - 1.96 * error and anyway > 0.8 * slide

# %% [markdown] tags=["solution"]
# After its price a profile brings {{brings}} ({{least}} to {{most}}): we lose money with each. The service's slide shows another comparison: customers with a used profile bring €{{slide:.2f}} more than those without a match. That is true, and the profile did not do it: where nobody used the profile, they already bring €{{anyway:.2f}} more.

# %% [markdown]
# **13e What does Marta say on Monday?** Choose one letter:
#
# - `"A"`: "We buy: customers with a match bring several euros more than those without."
# - `"B"`: "We buy: used profiles bring more than profiles that are not used."
# - `"C"`: "We do not buy at this price: in the lottery a profile brings less than it costs. First check a sample of the e-mail join of 13b: families share an address."
# - `"D"`: "We buy: 99 of 100 matches are right."

# %%
### BEGIN SOLUTION
decision = "C"
### END SOLUTION

# %%
check("13e", decision)

# %%
hint("13e")

# %% [markdown] tags=["solution"]
# C. It compares what the lottery showed with what is paid. B forgets the price. The join by e-mail has no price of its own, but some of its pairs are two members of a family: let a clerk check a sample, as in 13c. And look at the consent first: some people did not agree that their data are joined.
