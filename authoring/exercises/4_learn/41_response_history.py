# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the last waves of the year
#     question: What do the coupon campaigns of types B and C tell us for the spring?
#     module: loyalty.learn.history
#     test: helpers/tests/tasks/t41/test_tasks.py
#     minutes: 50
#     pace: 20 for 41a to 41c, 5 for the decision, 25 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# The agency has sent its list: *"Our hit of the year: campaign 4 among small customers, 25 percent!"* Marta would like to send it to everybody. You have the invitations with the segments of that day, and the redeemed coupons.

# %%
from loyalty.datasets import checkpoint, complete_journey
from loyalty.tasks import check, hint

chain = complete_journey()
contacts = checkpoint("contacts_cj")  # a missing segment is called "unknown"
coupon_contacts = contacts[contacts.offer_id.isin(["Type B", "Type C"])]
redemptions = chain.redemptions  # one row a redeemed coupon

# %% [markdown]
# **41a The rate of a segment.** Of all invitations of type B to households that were in the segment "high" on the day of the campaign: which share led to at least one redeemed coupon of that campaign? One fraction between 0 and 1, to four decimals.

# %%
### BEGIN SOLUTION
pair = ["campaign_id", "customer_id"]
responders = redemptions[pair].drop_duplicates().assign(responded=1)
rows = coupon_contacts.merge(responders, on=pair, how="left").fillna({"responded": 0})
rows = rows.astype({"responded": "int64"})
high_b = rows[(rows.offer_id == "Type B") & (rows.segment == "high")]
rate_high_b = high_b.responded.mean()
### END SOLUTION

# %%
check("41a", rate_high_b)

# %%
hint("41a")

# %% [markdown] tags=["solution"]
# {{rate_high_b:.1%}} of {{len(high_b):,}} invitations. Three things keep this number honest. The silent ones are in it. Five coupons of one household are one response. And the segment is the one *of that day*: a household may be in the top third today because of the campaign.

# %% [markdown]
# **41b The agency's hit.** Campaign 4 in the segment "low" has 1 response out of 4. Shrink all cells campaign × segment of the types B and C in one call of `measure_rates`: also the smallest (`min_size=1`), and also the invitations without a segment (the helper calls them "unknown"). It takes the contacts with two more columns, `responded` (0 or 1, whole numbers) and `window` (always `"main"`): make them from `redemptions`. What is the shrunken rate of the agency's cell? One fraction between 0 and 1, to four decimals.

# %%
### BEGIN SOLUTION
from loyalty.learn.history import measure_rates

main = rows.assign(window="main")
cells = measure_rates(main, by=["campaign_id", "segment"], min_size=1)
table = cells.to_frame().astype({"campaign_id": int})
hit = table[(table.campaign_id == 4) & (table.segment == "low")].iloc[0]
shrunken_hit = hit.shrunken
### END SOLUTION

# %%
check("41b", shrunken_hit)

# %%
hint("41b")

# %% [markdown] tags=["solution"]
# {{shrunken_hit:.1%}} ({{hit.shrunken_low:.1%}} to {{hit.shrunken_high:.1%}}): hardly more than the usual {{cells.priors[None].mean:.1%}}. One response out of four is one household that had a good day.

# %% [markdown]
# **41c The best cell.** Which cell of 41b would you name first in the spring meeting? Take the one whose *shrunken* interval has the highest lower end. Answer `(campaign, segment)`, for example `(4, "low")`.

# %%
### BEGIN SOLUTION
by_low = table.sort_values("shrunken_low", ascending=False)
second = by_low.iloc[1]  # to see how close the race is
best_cell = (int(cells.best.campaign_id), cells.best.segment)
### END SOLUTION

# %%
check("41c", best_cell)

# %%
hint("41c")

# %% [markdown] tags=["solution"]
# Campaign {{best_cell[0]}}, segment "{{best_cell[1]}}": {{cells.best.responses}} responses out of {{cells.best.n}}, {{cells.best.shrunken:.1%}} ({{cells.best.shrunken_low:.1%}} to {{cells.best.shrunken_high:.1%}}). Less shiny than 25 %, and a far safer number to plan with. But the race was close: campaign {{second.campaign_id}} in "{{second.segment}}" has {{second.shrunken:.1%}} ({{second.shrunken_low:.1%}} to {{second.shrunken_high:.1%}}). Name both in the meeting, and crown neither.

# %% [markdown]
# **41d The sentence for the slide.** Which one may stand on it? One letter.
#
# - `"A"`: *Type A coupons raise purchases by 17 %.*
# - `"B"`: *17 % of the invitations of type A led to a redeemed coupon. What they would have bought without it is not known.*
# - `"C"`: *83 % of the invitations of type A were wasted.*

# %%
### BEGIN SOLUTION
everyone_invited = (contacts.arm != "control").all()
slide = "B" if everyone_invited else "A"
### END SOLUTION

# %%
check("41d", slide)

# %%
hint("41d")

# %% [markdown] tags=["solution"]
# B. A response rate counts who answered. Some of them would have bought anyway, and some who never touched a coupon may have come because of the letter. Without a control group neither number is known.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **41e One initiative under two names.** The campaigns 21 and 22 are one initiative: the same coupons, sent on the same day from two lists. What is the response rate of the whole initiative? One fraction, to four decimals.

# %%
### BEGIN SOLUTION
from statsmodels.stats.proportion import proportion_confint

initiative = rows[rows.campaign_id.isin([21, 22])]
low, high = proportion_confint(initiative.responded.sum(), len(initiative), method="wilson")
halves = initiative.groupby("campaign_id").responded.mean()
rate_initiative = initiative.responded.mean()
### END SOLUTION

# %%
check("41e", rate_initiative)

# %%
hint("41e")

# %% [markdown] tags=["solution"]
# {{rate_initiative:.1%}} ({{low:.1%}} to {{high:.1%}}). In a history that does not know they are one, each half looks like a small campaign of its own, with {{halves[21]:.1%}} and {{halves[22]:.1%}}, and the better half gets praised. `history.alias("old name", "new name")` says it once, for all later tables.

# %% [markdown]
# **41f Who responded before.** With the history of *all* 27 campaigns: how many times as likely to respond is a household that has responded to an earlier campaign, compared *within the same wave* with one that was invited earlier and did not respond? One number, to one decimal. (Helper: `predict_from_past`, column `relative`. It takes a table like that of 41b, with all campaigns.)

# %%
### BEGIN SOLUTION
from loyalty.learn.history import predict_from_past

everything = contacts.merge(responders, on=pair, how="left").fillna({"responded": 0})
everything = everything.astype({"responded": "int64"}).assign(window="main")
past = predict_from_past(everything).to_frame().set_index("past")
times_as_likely = past.relative["responded before"]
### END SOLUTION

# %%
check("41f", times_as_likely)

# %%
hint("41f")

# %% [markdown] tags=["solution"]
# {{times_as_likely:.1f}} times ({{past.relative_low["responded before"]:.1f}} to {{past.relative_high["responded before"]:.1f}}). The raw quotient is {{past.crude["responded before"]:.1f}}: early waves, when nobody could have responded before, are mixed with late ones.

# %% [markdown]
# **41g A lift to plan with.** Back to the simulated chain. Its summer wave had two offers and a control group drawn by lot; `summer` has one row a customer: `arm` (the offer, or control), `segment` (of the day before the wave), `redeemed` (1 if the offer was used) and `sales` (€ in the four weeks).
#
# Marta wants to repeat the best cell of offer × segment, and asks what she may put into the budget. Hold each cell against the control group of its own segment, and find the cell with the highest *shrunken* lift in sales. How large is that lift? One number, € per customer in four weeks, to the cent. (Each offer is shrunk with its own bank, as `measure_lift` does.)

# %%
from loyalty.tasks.t41.scene import load_summer

summer = load_summer()

# %%
### BEGIN SOLUTION
from loyalty.evaluate.lift import measure_lift

lifts = measure_lift(summer, outcome="sales", by="segment")
found = lifts.to_frame()
answered = summer.groupby(["arm", "segment"]).redeemed.mean()
whole = measure_lift(summer, outcome="sales").to_frame()  # one lift for each offer
whole = whole.set_index("arm")
best_lift = lifts.best().shrunken
### END SOLUTION

# %%
check("41g", best_lift)

# %%
hint("41g")

# %% tags=["verify"]
from loyalty.tasks.t41.scene import tell_summer

best, truth = lifts.best(), tell_summer()
assert (best.arm, best.segment) == ("bonus_points", "lately, some") and best.effect == found.effect.max()
assert answered.idxmax() == ("bonus_points", "lately, many") and best.shrunken_low < 0 < best.low
assert best.shrunken < best.effect and (found.p_adjusted > 0.2).all()
loud = found[(found.arm == "bonus_points") & (found.segment == "lately, many")].iloc[0]
true_best, true_loud = truth.loc[best.segment, best.arm], truth.loc[loud.segment, loud.arm]
offer = whole.loc[best.arm]
true_offer = (truth[best.arm] * summer.segment.value_counts()).sum() / len(summer)
assert 0 < offer.low < true_offer < offer.high and best.shrunken_low < true_best < best.shrunken_high
assert true_loud > 2 * true_best and loud.shrunken < best.shrunken and true_loud == truth.max(axis=None)

# %% [markdown] tags=["solution"]
# €{{best_lift:.2f}} (−€{{-best.shrunken_low:.2f}} to €{{best.shrunken_high:.2f}}), for bonus points in "{{best.segment}}". The raw lift says €{{best.effect:.2f}}. If Marta budgets with that, she counts on the winner's luck. The truth, which only this world tells, is €{{true_best:.2f}}: for the {{best.n_treated}} customers of the cell the raw lift promises €{{(best.effect - true_best) * best.n_treated:,.0f}} too much. Even the shrunken lift promises too much here.
#
# The cell that *answered* most is another one: bonus points in "{{loud.segment}}", with {{answered.max():.0%}}. Its shrunken lift is only €{{loud.shrunken:.2f}}, and in truth it gains most of all, €{{true_loud:.2f}}. This time the loud cell would have been the better choice. But nobody could know that from the rate: in the lesson the loudest cell was a poor one.
#
# The interval of the best cell holds zero, and after the correction for all {{len(found)}} cells none is left. So a colleague would not budget by cells at all. One lift for each offer is steadier: bonus points €{{offer.effect:.2f}} over all segments (€{{offer.low:.2f}} to €{{offer.high:.2f}}); the truth is €{{true_offer:.2f}}. Which segment gains most is a question for a larger wave.
