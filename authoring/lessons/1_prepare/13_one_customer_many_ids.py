# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "One customer, many ids"
#     question: Are these the same person?
#     part_a: 25
#     part_b: 25
#     know_first: ["12"]
#     module: loyalty.prepare.identity
#     test: helpers/tests/prepare/identity/test_linking.py::test_the_weight_of_a_pair_is_the_sum_that_fellegi_and_sunter_wrote_down
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - bring cards, online accounts and app users of one person together: **record linkage**
# - weigh evidence by hand: how much does the same phone say, and the same postcode? This is the **match weight**
# - grade the links by **precision** and **recall**, and see what a wrong merge does to a customer's history
# - leave only ids and keyed hashes behind

# %% [markdown]
# ## The best customer of the chain
#
# A chain has customer cards, an online shop and an app. Each keeps its own list of people. On Monday Marta wants to invite the hundred best
# customers to a dinner, and for this she needs one list.
#
# Jonas has made one over the weekend. *"Everybody gave a phone number. I wrote all numbers in one form, and joined the lists on it."*
# Here are his best ten. (The names and numbers in this lesson are all invented. The first cell takes about ten seconds.)

# %%
from loyalty.charts import house_style
from loyalty.prepare.identity import match_exact, normalise_records
from loyalty.tasks.t13.chain import list_best, visit_chain
from loyalty.tasks.t13.pictures import draw_best

house_style()
chain = visit_chain()
records = normalise_records(chain.sources)
by_phone = match_exact(records, ["phone"])
people = list_best(chain, by_phone)
ax = draw_best(people, f"The best customer has {people.ids.iloc[0]} cards and accounts")

# %% tags=["verify"]
assert people.ids.iloc[0] > 20 and people.sales.iloc[0] > 2 * people.sales.iloc[1]
best = people.iloc[0]

# %% [markdown]
# The first guest has {{best.ids:.0f}} cards and accounts, and came {{best.visits:.0f}} times. Who is this? Marta looks up the phone number.

# %%
first = by_phone.people[by_phone.people.person == people.index[0]]
behind = first.merge(records, on=["source", "record_id"])
behind[["source", "first_name", "last_name", "birth_date", "postcode", "phone"]].head(6)

# %% tags=["verify"]
assert behind.phone.nunique() == 1 and behind.last_name.nunique() > 10

# %% [markdown]
# Nobody. When a customer did not want to give a number, the clerk typed one, and it was always the same. Such a number is a **placeholder**. It says
# nothing about a person.
#
# ## Six pairs
#
# What about all the others? To bring records of one person together, without a common id, is called **record linkage**. Before a machine does
# it, do it with your own eyes. Here are six pairs as they were typed. The first line of each pair is a card.

# %%
from loyalty.prepare.identity import link_records
from loyalty.tasks.t13.chain import pick_pairs, show_pairs

links = link_records(records)  # what it does, we will see below
pairs = pick_pairs(records, links, chain.truth)
show_pairs(chain, pairs)

# %% tags=["verify"]
assert len(pairs) == 6 and pairs.is_match.tolist() == [True, False, True, False, True, True]

# %% [markdown]
# Your bet: **how many of the six are one person?**

# %%
from loyalty.tasks import predict, reveal

predict("13-bet", ...)  # your bet, from 0 to 6, in place of the dots

# %% [markdown]
# You have probably looked at several things at once. A short form of a name is fine. The same phone says a lot, but a family shares it. Two
# birth dates that differ speak against. How do we put this into numbers?
#
# ## By hand: how much does the same postcode say?
#
# Two questions, two numbers. How often have two records *of one person* the same postcode? And how often have two records of two people, drawn
# by chance?
#
# For the second we draw pairs at random.

# %%
draws = [records.sample(500_000, replace=True, random_state=seed) for seed in (1, 2)]
left, right = (draw.reset_index(drop=True) for draw in draws)
two = left.record_id != right.record_id  # not a record with itself
known = left.postcode.notna() & right.postcode.notna() & two
u = (left.postcode == right.postcode)[known].mean()
f"{u:.2%} of random pairs have the same postcode"

# %% [markdown]
# For the first we need pairs of which we are nearly sure: same e-mail address *and* same birth date.

# %%
import numpy as np

sure = records.dropna(subset=["email", "birth_date"])
sure = sure.merge(sure, on=["email", "birth_date"], suffixes=("", "_2"))
sure = sure[sure.record_id < sure.record_id_2].dropna(subset=["postcode", "postcode_2"])
m = (sure.postcode == sure.postcode_2).mean()
postcode = np.log2(m / u)
other_postcode = np.log2((1 - m) / (1 - u))
print(f"{m:.0%} of the sure pairs have the same postcode")
print(f"same postcode: {postcode:+.1f} bits, another one: {other_postcode:+.1f} bits")

# %% [markdown]
# So the same postcode is much more frequent within a person than by chance. The last line counts the ratio in doublings, which are called bits.
# This is the **match weight** of the postcode. The same one doubles the odds {{postcode:.0f}} times. Another one speaks against, and less
# strongly: people move.
#
# The helper does the same for each field and each way to agree. It needs no sure pairs: it learns both numbers from the records themselves. (The method is from
# 1969, and the names of its authors are Fellegi and Sunter. The program behind the helper is called splink.)

# %%
bits = links.weights.set_index(["field", "level"]).bits
order = ["first_name", "last_name", "birth_date", "postcode", "phone", "email"]
bits.unstack().loc[order, ["same", "different"]].round(1)

# %% tags=["verify"]
assert abs(bits["postcode", "same"] - postcode) < 0.7 and abs(bits["postcode", "different"] - other_postcode) < 1.5

# %% [markdown]
# By hand we had {{postcode:.1f}} for the postcode, and the helper says {{bits["postcode", "same"]:.1f}}. A phone or an e-mail address says more, because few people share it.
#
# ## By hand: the sum of a pair
#
# Before we have seen anything, two random records are hardly ever one person. That counts too: it is a start far below zero. Then the bits
# are added. Take the fourth pair.

# %%
start = np.log2(links.prior / (1 - links.prior))
agree = bits["first_name", "same"] + bits["last_name", "same"] + bits["postcode", "same"]
differ = bits["birth_date", "different"] + bits["email", "different"]
total = start + agree + differ
f"{start:.1f} to start with, {agree:+.1f} and {differ:+.1f}: {total:+.1f} bits"

# %%
from loyalty.prepare.identity import explain_pairs
from loyalty.tasks.t13.pictures import draw_evidence

told = explain_pairs(links, records, pairs)
ax = draw_evidence(told, "What speaks for one person, and what against")

# %% tags=["verify"]
sums = told.groupby("pair").bits.sum().to_numpy()
assert np.allclose(sums, pairs.weight, atol=1e-6) and abs(sums[3] - total) < 1e-6

# %% [markdown]
# The fourth sum is ours. Its probability is {{pairs.probability[3]:.2f}}: likely, but not enough. We link from 0.95 on.
#
# Now look at the second pair. Its sum is high, because a household shares phone, postcode, last name and here even the e-mail address. But Elizaveta is not Anthony. So the
# helper has one rule above all sums: **with another first name, or another birth date, two records stay two people.**

# %%
reveal("13-bet", estimate=int(pairs.is_match.sum()), unit="of 6 pairs")
pairs[["weight", "probability", "verdict", "is_match"]].round(3)

# %% [markdown]
# In this simulated chain we know who is who (`is_match`). The fourth pair is two women of one name and one postcode; a generation
# lies between them.
#
# ## All pairs
#
# The same sum for all pairs that agree in something. Then records that are linked become one person.

# %%
links

# %%
from loyalty.tasks.t13.chain import add_truth
from loyalty.tasks.t13.pictures import draw_hills

scored = add_truth(links.pairs, chain.truth)
household = scored.verdict.str.startswith("other")
from_here = np.log2(links.threshold / (1 - links.threshold))
ax = draw_hills(scored[~household], from_here, "Most pairs are far from the border")

# %% tags=["verify"]
kept = scored[scored.verdict == "linked"]
apart = scored[household & (scored.probability >= links.threshold)]
assert kept.is_match.mean() > 0.99 and apart.is_match.mean() < 0.2 and len(apart) > 100

# %% [markdown]
# The warnings say what the helper did not do. It took placeholders for empty. It left records without consent alone. And it kept
# {{len(apart)}} pairs of a household apart, which the sum would have linked.
#
# ## How right is it?
#
# Two questions again. Of what was linked, how much is right? This is **precision**. Of what should be linked, how much was found? This is
# **recall**. We ask them for Jonas's join, for two careful rules, and for the sum of evidence.

# %%
from loyalty.prepare.identity import grade_links
from loyalty.tasks.t13.pictures import draw_grades

asked = records[records.consent]
email = match_exact(records, ["email"], frequent=6)
names = match_exact(records, ["email", ("phone", "first_root", "last_name")], frequent=6)
ways = {"same phone": by_phone, "same e-mail": email, "e-mail, or phone and name": names}
ways["evidence added up"] = links
grades = {name: grade_links(way, chain.truth, only=asked) for name, way in ways.items()}
tables = {name: grade.table for name, grade in grades.items()}
figure = draw_grades(tables, "Rules are wrong, or blind, or both")

# %% tags=["verify"]
phone_grade, best_grade = grades["same phone"], grades["evidence added up"]
assert phone_grade.precision < 0.75 and best_grade.precision > 0.99 and best_grade.recall > 0.9
assert max(grades[name].recall for name in list(ways)[:3]) < 0.75
row = best_grade.table.set_index("measure")

# %% [markdown]
# Of the pairs that the phone joined, {{phone_grade.precision:.0%}} are one person. The sum of evidence is right in {{best_grade.precision:.1%}}
# ({{row.low["pair precision"]:.1%}} to {{row.high["pair precision"]:.1%}}), and finds {{best_grade.recall:.0%}}.
#
# ## What does it do to a customer's history?
#
# A missed link hides a part of a customer's sales. A wrong merge adds somebody else's. Which is worse? We compare with the truth: by how many
# euros are the sales of a person off?

# %%
import pandas as pd

from loyalty.prepare.identity import merge_histories
from loyalty.tasks.t13.chain import IDS, keep_apart, measure_error, tell_truth
from loyalty.tasks.t13.pictures import draw_money

true = merge_histories(chain.baskets, tell_truth(records, chain.truth), IDS).receipts
ways = {"no link at all": keep_apart(records), **ways}
off = {name: measure_error(chain.baskets, way, true) for name, way in ways.items()}
errors = pd.DataFrame(off).T
ax = draw_money(errors, "The join by phone is worse than no join")

# %% tags=["verify"]
size = errors.sum(axis=1)
assert size["same phone"] > 4 * size["no link at all"] and size["evidence added up"] < 0.6 * size["no link at all"]

# %% [markdown]
# To join on the phone is worse than to do nothing. So frequency and monetary value, on which the segments of room 2 stand, need links that are right first. Marta's
# dinner gets its list from the last row.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/13_one_customer_many_ids.ipynb): another chain, and a decision. What follows is for self-study.
#
# ---

# %% [markdown]
# ## Without the truth: a sample that somebody has checked
#
# Your chain does not know the truth. Then somebody looks at a sample of pairs and says for each whether it is one person. Say, a thousand
# pairs, drawn at random from all that are not hopeless. Which threshold keeps a precision of 99 of 100?
#
# The share that was right in the sample is not enough: with luck it is too good. The helper asks for its lower end.

# %%
from loyalty.prepare.identity import choose_threshold

near = scored[~household & (scored.probability >= 0.5)]
checked = near.sample(1_000, random_state=13)[["probability", "is_match"]]
choice = choose_threshold(checked, floor=0.99)
print(choice)
ax = choice.plot(title="What was right in the sample would go too low")

# %% tags=["verify"]
assert 0.6 < choice.threshold < 0.999

# %% [markdown]
# The helper begins at the top and goes down until the lower end falls below the floor. The threshold is {{choice.threshold:.2f}}. With a
# sample of a hundred pairs it would refuse: then nobody can promise 99 of 100.
#
# ## What is the list of short forms worth?
#
# The helper knows that Sam may be Samantha. How much of the recall hangs on this list? We take it away: each first name stands only for itself.

# %%
plain = records.assign(first_root=records.first_name, second_root=records.first_name)
plain["is_known"] = False
bare = grade_links(link_records(plain), chain.truth, only=asked)
both = {"with the list": grades["evidence added up"].table, "without it": bare.table}
pd.DataFrame({name: table.set_index("measure").value for name, table in both.items()}).round(3)

# %% tags=["verify"]
assert bare.recall < best_grade.recall - 0.1 and bare.precision > 0.99

# %% [markdown]
# Recall falls from {{best_grade.recall:.0%}} to {{bare.recall:.0%}}, and precision stays. So look at the names of your own customers. Which short forms do they use, and
# which spellings? `normalise_records(..., nicknames={"Lupe": "Guadalupe"})` adds them.
#
# ## Which visits of the online shop tell the next purchase?
#
# Now the histories are joined, online and offline. In the shop we see which department somebody looks at. Does this tell what the same person
# buys a few days later, perhaps in a store?
#
# Some visitors log in. Then we know the account, and through the links the card. We compare the same people with themselves: how many bought
# in this department in the two weeks before the visit, and how many in the two weeks after?

# %%
from loyalty.tasks.t13.chain import find_visitors, follow_intents, measure_gain
from loyalty.tasks.t13.pictures import draw_intents

bought = merge_histories(chain.baskets, links, IDS).receipts
visits = find_visitors(chain, links)
followed = follow_intents(visits, bought, chain.departments)
gains = measure_gain(followed, "intent")
ax = draw_intents(gains, "Support is looked up and bought, gifts are only looked at")

# %% tags=["verify"]
popular = gains.visits.idxmax()
assert gains.gain["Support"] > 0.2 and gains.high["Food and gifts"] < 0.05 and gains.gain[popular] < 0.1

# %% [markdown]
# "{{popular}}" is looked at most, and says least but one. "Support" (stockings, braces) is looked at rarely, and of a hundred visits
# {{100 * gains.gain["Support"]:.0f}} more end in a purchase than before ({{100 * gains.low["Support"]:.0f}} to {{100 * gains.high["Support"]:.0f}}).
#
# How much of this would we see without the links, in the online shop alone?

# %%
apart = keep_apart(records)
online = merge_histories(chain.baskets, apart, IDS).receipts
alone = follow_intents(find_visitors(chain, apart), online, chain.departments)
both = {"with links": gains.gain, "online shop alone": measure_gain(alone, "intent").gain}
pd.DataFrame(both).mul(100).round(1).sort_values("with links", ascending=False).head(6)

# %% tags=["verify"]
online_gain = measure_gain(alone, "intent").gain
assert online_gain["Support"] < 0.5 * gains.gain["Support"]

# %% [markdown]
# Less than half. The rest is bought in stores.
#
# ## What is a matched profile worth?
#
# An agency offers to sell such profiles: for each visit two columns, the department and the device, for ten cents a column.
# What would a message earn more, if we know them? We choose on the visits of the first year and judge on those of the second. A message earns 40 cents where the
# department is really bought. (This number is a guess, and only a test with a control group can replace it. Lesson 33 measures it.)

# %%
from loyalty.charts import draw_intervals, headline
from loyalty.tasks.t13.chain import price_columns

worth = price_columns(followed, "2024-01-01", ["intent", "device"], earned=0.40)
ax = draw_intervals(worth[["effect", "low", "high"]], unit="€", decimals=3)
title = "One column earns a few cents, the other nothing"
headline(ax, title, "euros a message, more than without the column")

# %% tags=["verify"]
assert worth.low["intent"] > 0.01 and worth.high["intent"] < 0.10 and worth.high["device"] < 0.02

# %% [markdown]
# The department earns {{100 * worth.effect["intent"]:.0f}} cents a message and costs ten. So Marta refuses at this price, and offers
# {{100 * worth.low["intent"]:.0f}}. The device earns next to nothing, at any price: leave it out.
#
# ## What stays on the disk
#
# The table `records` holds names, phones and birth dates. After the linkage nobody needs it any more. What stays are ids and hashes. A **keyed hash** is a fingerprint of a
# value that only the owner of a secret key can make.
#
# Why not hash first and link then? Because a fingerprint knows no "nearly".

# %%
from loyalty.prepare.identity import seal_links

key = "a key for this lesson only"
emails = ["ann.lee@example.com", "ann.le@example.com"]
two = normalise_records({"app": pd.DataFrame({"app_id": [1, 2], "email": emails})})
sealed = seal_links(match_exact(two, ["email"]), two, key=key, fields=["email"])
sealed.assign(email_hash=sealed.email_hash.str[:16] + "…")

# %% tags=["verify"]
assert sealed.email_hash.nunique() == 2

# %% [markdown]
# One missing letter, and the fingerprints have nothing in common. So link first, in a step of its own, and then seal.

# %%
sealed = seal_links(links, records, key=key)
del records, behind, sure, left, right, draws
short = {name: sealed[name].str[:8] for name in ("phone_hash", "email_hash")}
sealed.assign(**short).head(4)

# %% [markdown]
# A partner with the same key finds the same people in his own list, exactly and only exactly. A hash *without* a key does not protect: there
# are so few phone numbers that a laptop tries all of them in an hour. (The log-in of this shop hashes e-mails without a key. That is the first thing
# to change.) And a keyed hash is still personal data in law, as long as the key exists.
#
# ## Consent
#
# Linking is a purpose of its own. Somebody who took a card for the discount has not agreed that the shop's visits are added to it. In this chain
# some said no, and their records stay alone, whatever the evidence. That costs recall, and it is right.

# %%
consent = pd.concat(frame.consent for frame in chain.sources.values())
f"{1 - consent.mean():.0%} of the records are without consent: each stays alone"

# %% [markdown]
# ## What we learned
#
# - **Record linkage** brings the records of one person together. A phone that many share is a **placeholder** and must not join anybody.
# - The **match weight** of an agreement compares two shares: how often within a person, how often by chance. The bits of a pair are added up.
# - People of one household share nearly all, and stay two by a rule above the sum.
# - **Precision** comes first: a wrong merge costs more than a missed link. On real data a checked sample tells it, with its lower end.
#
# ## What could still be wrong
#
# - The weights take the fields for independent. In a household they are not, so the probabilities are too sure of themselves.
# - Father and son of one name, without birth dates, look like one person. Most of the few wrong links here are of this kind.
# - The list of short forms is general, and we filled it up after a look at simulated chains. On names of your own it will find less.
# - This chain is simulated, and its slips of the keyboard are ours. Yours are different: check a sample.
#
# ## Use it on your data
#
# Three tables with names, phones or e-mails are enough:
# `links = link_records(normalise_records({"cards": cards, "accounts": accounts, "app": app}))`
# and on Monday: ask for a sample of a thousand pairs before you use the links.

# %% [markdown]
# [[links]]
