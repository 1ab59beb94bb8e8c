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
# - grade the links by **precision** and **recall**, and see what a wrong link does to a customer's history
# - leave no names and no phones behind

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
ax = draw_best(people, f"The best customer has {people.ids.iloc[0]} cards")
people.head(3)

# %% tags=["verify"]
first = by_phone.people[by_phone.people.person == people.index[0]]
assert set(first.source) == {"cards"} and len(first) == people.ids.iloc[0] > 20
assert people.sales.iloc[0] > 2 * people.sales.iloc[1]
best = people.iloc[0]

# %% [markdown]
# The first guest has {{best.ids:.0f}} cards, and came {{best.visits:.0f}} times. Who is this? Marta looks up the phone number.

# %%
first = by_phone.people[by_phone.people.person == people.index[0]]
behind = first.merge(records, on=["source", "record_id"])
behind[["source", "first_name", "last_name", "birth_date", "postcode", "phone"]].head(6)

# %% tags=["verify"]
assert behind.phone.nunique() == 1 and behind.last_name.nunique() > 10

# %% [markdown]
# This is not one person. When a customer did not want to give a number, the clerk typed one, and it was always the same. Such a number is a **placeholder**. It says
# nothing about a person.
#
# ## Six pairs
#
# What about all the others? To bring records of one person together, without a common id, is called **record linkage**. Before a machine does
# it, do it with your own eyes. Here are six pairs as they were typed. The first line of each pair is a card. (The cell takes about fifteen seconds.)

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
# The app asks for no last name. Where its user gave an e-mail address, the helper reads the last name from that. So one address speaks twice for
# such a pair: as an address and as a name. Keep this in mind when you see the sums.
#
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
import pandas as pd

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
# This is the **match weight** of the postcode. The same one speaks for one person, with {{postcode:.0f}} doublings. Another one speaks against.
#
# The helper does the same for each field and each way to agree. It needs no sure pairs: it learns both numbers from the records themselves. (The method is from
# 1969, and the names of its authors are Fellegi and Sunter. The program behind the helper is called splink.)

# %%
bits = links.weights.set_index(["field", "level"]).bits
order = ["first_name", "last_name", "birth_date", "postcode", "phone", "email"]
table = bits.unstack().loc[order]
nearly = [name for name in table.columns if name not in ("same", "different")]
table["nearly the same"] = table[nearly].min(axis=1)
table[["same", "nearly the same", "different"]].round(1)

# %% tags=["verify"]
assert abs(bits["postcode", "same"] - postcode) < 0.7 and abs(bits["postcode", "different"] - other_postcode) < 1.5

# %% [markdown]
# By hand we had {{postcode:.1f}} for the postcode, and the helper says {{bits["postcode", "same"]:.1f}}. A phone or an e-mail address says more, because few people share it.
#
# The column in the middle is for slips of the keyboard and for short forms. A phone with one wrong digit counts as much as the same phone, and .com for .org nearly
# as much. One wrong digit in a birth date counts less: chance makes this more often. (Where a field has several such ways, the table shows the weakest.)
#
# ## By hand: the sum of a pair
#
# Two records drawn at random are hardly ever one person: about one pair in {{round(1 / links.prior, -2):,.0f}} is. In bits this is the start, far below
# zero. Then the bits of each field are added. An empty field says nothing and adds 0. Take the fourth pair.

# %%
from loyalty.prepare.identity import explain_pairs
from loyalty.tasks.t13.pictures import draw_evidence

start = np.log2(links.prior / (1 - links.prior))
agree = bits["first_name", "same"] + bits["last_name", "same"] + bits["postcode", "same"]
differ = bits["birth_date", "different"] + bits["email", "different"]
total = start + agree + differ
print(f"{start:.1f} to start with, {agree:+.1f} and {differ:+.1f}: {total:+.1f} bits")
print(f"that is {2**total:.0f} to 1, a probability of {2**total / (1 + 2**total):.2f}")
told = explain_pairs(links, records, pairs)
ax = draw_evidence(told, "What speaks for one person, and what against")

# %% tags=["verify"]
sums = told.groupby("pair").bits.sum().to_numpy()
assert np.allclose(sums, pairs.weight, atol=1e-6) and abs(sums[3] - total) < 1e-6

# %% [markdown]
# The fourth sum is ours. Its probability is {{pairs.probability[4]:.2f}}: likely, but not enough. We link from 0.95 on.
#
# Now look at the second pair. Its sum is high, because a household shares phone, postcode, last name and here even the e-mail address. But Elizaveta is not Anthony. So the
# helper has one rule above all sums: **with a really different first name or birth date, two records stay two people.** A short form of the name, or day and month
# exchanged, counts as nearly the same, as in the first and the fifth pair.

# %%
from IPython.display import display

display(pairs[["weight", "probability", "verdict", "is_match"]].round(3))
reveal("13-bet", estimate=int(pairs.is_match.sum()), unit="of 6 pairs")

# %% [markdown]
# In this simulated chain we know who is who (`is_match`). The fourth pair is two women of one name and one postcode; a generation
# lies between them.
#
# ## All pairs
#
# The same sum for all pairs that agree in something. Then records that are linked become one person.

# %%
links

# %% [markdown]
# The warnings say what the helper did not do. It took placeholders for empty. It left records without consent alone. It did not choose where a record fits two people.
# For two rare kinds of agreement it had too few pairs to learn from, and took a general weight. And one rule held many pairs apart: how many of these are really two people?

# %%
from loyalty.tasks.t13.chain import add_truth, tell_truth
from loyalty.tasks.t13.pictures import draw_grades, draw_hills

scored = add_truth(links.pairs, chain.truth)
household = scored.verdict.str.startswith("other")
from_here = np.log2(links.threshold / (1 - links.threshold))
ax = draw_hills(scored[~household], from_here, "Most other pairs are far from the border")
apart = scored[household & (scored.probability >= links.threshold)]
table = apart.groupby("verdict").is_match.value_counts().unstack(fill_value=0)
table.rename(columns={False: "two people", True: "one person"})

# %% tags=["verify"]
held, lost = len(apart), int(apart.is_match.sum())
assert len(apart) > 100 and apart.is_match.mean() < 0.2
assert set(apart[apart.is_match].verdict) == {"other first name"}
kept = scored[scored.verdict == "linked"]
assert kept.is_match.mean() > 0.99
birth = records.set_index(["source", "record_id"]).birth_date
wrong = kept[~kept.is_match]
sides = [birth.reindex(pd.MultiIndex.from_frame(wrong[[f"source_{x}", f"record_{x}"]])) for x in "ab"]
assert (sides[0].isna().to_numpy() != sides[1].isna().to_numpy()).mean() > 0.5

# %% [markdown]
# The rule kept {{held}} pairs apart that the sum would have linked. {{held - lost}} of them are two people. The other {{lost}} are one person
# whose first name the helper did not recognise, mostly for slips of the keyboard. That is the price of the rule.
#
# The picture shows all other pairs. Few of them are near the border.

# %% [markdown]
# ## How right is it?
#
# Two questions again. Of what was linked, how much is right? This is **precision**. Of what should be linked, how much was found? This is
# **recall**. We ask them for Jonas's join, for two careful rules, and for the sum of evidence. To be fair, all four may link only the records of people who agreed.

# %%
from loyalty.prepare.identity import grade_links

asked = records[records.consent]
phone = match_exact(asked, ["phone"])
email = match_exact(asked, ["email"], frequent=6)
names = match_exact(asked, ["email", ("phone", "first_root", "last_name")], frequent=6)
ways = {"same phone": phone, "same e-mail": email, "e-mail, or phone and name": names}
ways["evidence added up"] = links
grades = {name: grade_links(way, chain.truth, only=asked) for name, way in ways.items()}
tables = {name: grade.table for name, grade in grades.items()}
figure = draw_grades(tables, "The rules make more wrong links and miss more people")
print(f"evidence, over all records: recall {grade_links(links, chain.truth).recall:.0%}")

# %% tags=["verify"]
phone_grade, best_grade = grades["same phone"], grades["evidence added up"]
assert phone_grade.precision < 0.75 and best_grade.precision > 0.99 and best_grade.recall > 0.9
assert max(grades[name].recall for name in list(ways)[:3]) < 0.75
row = best_grade.table.set_index("measure")
largest = phone.people.person.value_counts().iloc[0]
behind_one = largest * (largest - 1) / 2 / phone_grade.table.set_index("measure").total["pair precision"]
everybody = grade_links(links, chain.truth)
assert 0.2 < behind_one < 0.8 and everybody.recall < best_grade.recall - 0.1

# %% [markdown]
# Of the pairs that the phone joined, {{phone_grade.precision:.0%}} are one person. The interval is wide, because a large part of all these pairs stands
# behind one placeholder. The sum of evidence is right in {{best_grade.precision:.1%}}, and finds {{best_grade.recall:.0%}} of the true pairs.
#
# This holds for people who agreed. Over *all* records it finds {{everybody.recall:.0%}}, because the records of people who said no stay alone.
#
# ## What does it do to a customer's history?
#
# A missed link hides a part of a customer's sales. A wrong one adds somebody else's. Which is worse? We compare with the truth: by how many
# euros are the sales of a person off? Only people who agreed on all their records are judged.

# %%
from loyalty.prepare.identity import merge_histories
from loyalty.tasks.t13.chain import IDS, find_agreed, keep_apart, measure_error, price_links
from loyalty.tasks.t13.pictures import draw_money

true = merge_histories(chain.baskets, tell_truth(records, chain.truth), IDS).receipts
agreed = find_agreed(records, chain.truth)
ways = {"no link at all": keep_apart(asked), **ways}
off = {name: measure_error(chain.baskets, way, true, agreed) for name, way in ways.items()}
errors = pd.DataFrame(off).T
ax = draw_money(errors, "The join by phone is worse than no join")
price = price_links(errors, grades)
price.round(0).astype(int)

# %% tags=["verify"]
size = errors["too little"] + errors["too much"]
assert size["same phone"] > 4 * size["no link at all"] and size["evidence added up"] < 0.1 * size["no link at all"]
by_names = grades["e-mail, or phone and name"]
assert by_names.precision < grades["same e-mail"].precision
assert size["e-mail, or phone and name"] < size["same e-mail"]
ratio = price["€ a wrong pair"] / price["€ a missed pair"]
assert (ratio > 3).all()

# %% [markdown]
# To join on the phone is worse than to do nothing. But precision is not all. The rule "e-mail, or phone and name" is not more precise than the e-mail alone.
# Still its error is smaller, because it finds more. The table shares the euros among the pairs.
#
# A wrong pair costs several times what a missed one costs. (In the last row only {{price["wrong pairs"].iloc[-1]:.0f}} pairs are wrong, so their price is rough.) So count both.
#
# Now Marta's list for the dinner:

# %%
invited = list_best(chain, links)
ax = draw_best(invited, "On the new list nobody has dozens of cards")

# %% tags=["verify"]
assert invited.ids.max() <= 6 and invited.sales.iloc[0] < people.sales.iloc[0] / 2

# %% [markdown]
# The first of Jonas's guests is gone. Of people who said no each card counts alone, so some good customers are missing here.

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
# pairs, drawn at random from all that are not hopeless. Pairs with a verdict "other …" are never linked, so they stay out of the sample.
# Which threshold keeps a precision of 99 of 100?

# %%
from loyalty.prepare.identity import choose_threshold

near = scored[~household & (scored.probability >= 0.5)]
checked = near.sample(1_000, random_state=1)  # somebody looks at each: is_match
choice = choose_threshold(checked, floor=0.99)
print("with 1,000 pairs:", choice)
print("with 100 pairs:", choose_threshold(checked.head(100), floor=0.99))
ax = choice.plot(title=f"From {choice.threshold:.2f} on, the sample promises 99 of 100")

# %% tags=["verify"]
assert 0.6 < choice.threshold < 0.999
assert np.isnan(choose_threshold(checked.head(100), floor=0.99).threshold)

# %% [markdown]
# The helper begins at the top and goes down until the lower end falls below the floor. The threshold is {{choice.threshold:.2f}}. (The blue line is flat where the
# sample has no pair. Of such a step the helper takes the upper end.) With a hundred pairs it refuses.
#
# Why not go on, as long as the share in the sample itself is good? Because with luck it is too good. Here we can try both rules on a hundred samples and ask the truth.

# %%
from loyalty.tasks.t13.chain import judge_samples
from loyalty.tasks.t13.pictures import draw_judged

judged = judge_samples(near, floor=0.99)
too_low = (judged < 0.99).sum()
title = f"By its own share a sample is too generous {too_low['own share']} times in 100"
ax = draw_judged(judged, 0.99, title)

# %% tags=["verify"]
assert too_low["own share"] > 20 and too_low["lower end"] <= 5

# %% [markdown]
# The lower end is too low in {{too_low["lower end"]}} of a hundred samples, and it promises at most five. On your own data the steps are these:
#
# ```python
# near = links.pairs[(links.pairs.probability >= 0.5) & ~links.pairs.verdict.str.startswith("other")]
# sample = near.sample(1_000, random_state=1)   # add the names, and let somebody fill in is_match
# choice = choose_threshold(sample, floor=0.99)
# links = link_records(records, threshold=choice.threshold)
# ```
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
table = pd.DataFrame(both).mul(100).sort_values("with links", ascending=False).head(6)
table.assign(share=100 * table["online shop alone"] / table["with links"]).round(1)

# %% tags=["verify"]
online_gain = measure_gain(alone, "intent").gain
seen = (table["online shop alone"] / table["with links"]).agg(["min", "max"])
assert seen["max"] < 0.5

# %% [markdown]
# For these six, the online shop alone sees {{100 * seen["min"]:.0f}} to {{100 * seen["max"]:.0f}} % of the gain. It does not see what is bought in a store with the card.
#
# ## What is a matched profile worth?
#
# An agency offers to sell such profiles: for each visit two columns, the department that was looked at and the device (phone or computer), for ten cents a column.
# What would a message earn more, if we know them? We choose on the visits of the first year and judge on those of the second. A message earns 40 cents where the
# department is really bought. (This number is a guess, and only a test with a control group can replace it. Lesson 33 measures it.)

# %%
from loyalty.tasks.t13.chain import price_columns
from loyalty.tasks.t13.pictures import draw_worth

worth = price_columns(followed, "2024-01-01", ["intent", "device"], earned=0.40)
worth = worth.rename(index={"intent": "department"})
ax = draw_worth(worth, "One column earns a few cents, the other nothing that we can see")

# %% tags=["verify"]
assert worth.low["department"] > 0.01 and worth.high["department"] < 0.10 and worth.high["device"] < 0.02

# %% [markdown]
# The department earns {{100 * worth.effect["department"]:.0f}} cents a message and costs ten. So Marta refuses at this price, and offers
# {{100 * worth.low["department"]:.0f}} cents. For the device we cannot tell that it earns anything: leave it out.
#
# ## Consent
#
# Linking is a purpose of its own. Somebody who took a card for the discount has not agreed that the shop's visits are added to it. In this chain
# some said no, and their records stay alone, whatever the evidence. That costs recall, and it is right.

# %%
f"{1 - records.consent.mean():.0%} of the records are without consent: each stays alone"

# %% [markdown]
# ## What stays on the disk
#
# The tables `records` and `asked` hold names, phones and birth dates. After the linkage nobody needs them any more. What stays are ids and hashes. A **keyed hash** is a fingerprint of a
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
del chain, records, asked, plain, behind, sure, left, right, draws
short = {name: sealed[name].str[:8] for name in ("phone_hash", "email_hash")}
sealed.assign(**short).head(4)

# %% [markdown]
# Two kinds of cells stay empty: placeholders, because a partner would make Jonas's customer of them again, and what belongs to people who said no.
#
# A partner with the same key finds the same people in his own list, exactly and only exactly. A hash *without* a key does not protect: there
# are so few phone numbers that somebody can hash them all and look yours up. And a keyed hash is still personal data in law, as long as the key exists.
#
# **The outputs of a notebook hold names too**, such as the table of the six pairs. Clear them before you save or send it.

# %% [markdown]
# ## What we learned
#
# - **Record linkage** brings the records of one person together. A phone that many share is a **placeholder** and must not join anybody.
# - The **match weight** of an agreement compares two shares: how often within a person, how often by chance. The bits of a pair are added up.
# - People of one household share nearly all, and stay two by a rule above the sum. The rule has a price: it also parts a few records of one person.
# - A wrong link costs several times a missed one: count both, **precision** and **recall**. On real data a checked sample tells the precision, with its lower end.
#
# ## What could still be wrong
#
# - The weights take the fields for independent. In a household they are not, so the probabilities are too sure of themselves.
# - The last name of an app user is read from the e-mail address. Where the address is compared too, the same evidence counts twice.
# - Two people of one name and one postcode look like one person where one birth date is missing. Most of the few wrong links here are of this kind.
# - The list of short forms is general, and we filled it up after a look at simulated chains. On names of your own it will find less.
# - This chain is simulated, and its slips of the keyboard are ours. Yours are different: check a sample.
#
# ## Use it on your data
#
# Two tables or more are enough. Each has a column of ids whose name ends with `_id`, and some of these: `first_name` and `last_name` (or `name`), `birth_date`, `postcode`,
# `phone`, `email`. Add `consent` (true or false): without it nobody is left out.
# `links = link_records(normalise_records({"cards": cards, "accounts": accounts, "app": app}))`
# and on Monday: ask for a sample of a thousand pairs before you use the links.

# %% [markdown]
# [[links]]
