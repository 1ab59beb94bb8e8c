# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: three campaigns of a spring
#     question: Three slides say "more". Which campaign earned, and which one goes out again?
#     module: loyalty.evaluate.money
#     test: helpers/tests/tasks/t34/test_tasks.py
#     minutes: 40
#     pace: 15 for 34a and 34b, 25 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, one spring, three campaigns. Each was sent to a random half of the 40,000 customers, and each has a slide that shines:
#
# | campaign | offer | valid for | what it costs |
# |---|---|---|---|
# | `discount` | 10 % off everything | 14 days | 8 cents a contact |
# | `points` | 300 bonus points for a purchase | 21 days | 8 cents a contact, a cent for each point *that is spent* |
# | `service` | free advice from a specialist | 28 days | 50 cents a contact (a call), €7 to the specialist for each customer advised |
#
# On Monday Jonas decides which of them goes out again, to all 40,000. Ines has brought the tables as the tills write them. She says three things:
#
# - **The `sales` have value-added tax of 20 % inside** (and so has `discount`, the money that the offer took off). `sales` is what was paid, the discount already off.
# - Nobody has written down a margin. But she knows what the goods cost: `goods_cost`, without tax.
# - A point costs a cent when it is spent. Of 100 points 70 are ever spent, so **each point that is issued costs 0.7 cents**, whatever it was given for.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("34a")` gives one step at a time.

# %%
from loyalty.tasks import check, hint
from loyalty.tasks.t34.scene import run_campaigns

contacts, outcomes, offers = run_campaigns()  # about five seconds
outcomes.iloc[:3].T

# %% [markdown]
# `main` is the time in which the offer was valid, `post` the 28 days after it, `pre` the 28 days before the sending. `arm` in the contacts is `sent` or `control`. `reward_paid` is what gifts and services cost us for this customer in this window, and `points_issued` are the points that this customer got. This is how the three slides were made, users against control, in euros a head:

# %%
people = contacts[["campaign_id", "customer_id", "arm"]]
during = outcomes[outcomes.window == "main"].merge(people)
users = during[during.redeemed > 0].groupby("campaign_id").sales.mean()
slides = users - during[during.arm == "control"].groupby("campaign_id").sales.mean()
slides.round(2).to_frame("€ a head")

# %% [markdown]
# From here on the money counts, and *profit* means the same everywhere: **sent less control, `main` and `post`, contact cost taken off**. Everybody counts in the group for which they were drawn.

# %% [markdown]
# **34a The discount, by hand.** What did the campaign `discount` bring in profit, in euros per customer sent? Card holders earn points on what they buy, and each point issued costs 0.7 cents. One number, to a tenth of a cent.

# %%
### BEGIN SOLUTION
lines = outcomes[outcomes.window.isin(["main", "post"])].merge(people)
lines["margin"] = lines.sales / 1.20 - lines.goods_cost
lines["profit"] = lines.margin - lines.reward_paid - lines.points_issued * 0.70 * 0.01
each = lines.groupby(["campaign_id", "arm", "customer_id"]).profit.sum()
means = each.groupby(["campaign_id", "arm"]).mean()
discount_profit = means["discount", "sent"] - means["discount", "control"] - 0.08
### END SOLUTION

# %%
check("34a", discount_profit)

# %%
hint("34a")

# %% tags=["verify"]
from loyalty.evaluate.money import campaign_money

net = outcomes.assign(margin=outcomes.sales / 1.20 - outcomes.goods_cost)


def count(name, **options):
    return campaign_money(contacts[contacts.campaign_id == name], net, offers, vat_rate=0.20, **options)


early, whole = count("discount", windows="main"), count("discount")
assert abs(whole.profit.effect - discount_profit) < 1e-6 and early.verdict == "earned" and whole.verdict == "open"
gross = campaign_money(
    contacts[contacts.campaign_id == "discount"], net.assign(margin=net.sales - net.goods_cost), offers
)
assert gross.verdict == "earned" and gross.profit.effect > 3 * discount_profit

# %% [markdown] tags=["solution"]
# €{{discount_profit:.3f}} a customer. The tempting ways, and what they would have cost: with the tax inside the margin it is €{{gross.profit.effect:.2f}}, because the tax office's share of each additional euro looks like ours. On the last day of the campaign it is €{{early.profit.effect:.2f}}, because nobody has stayed at home with a full cupboard yet. Both would have gone to the board as *earned*.

# %% [markdown]
# **34b The points, with their doubt.** The profit of the campaign `points`, in euros per customer sent, with its 95 % interval (difference of the means ± 1.96 standard errors): `(profit, low, high)`, to a tenth of a cent.

# %%
### BEGIN SOLUTION
from loyalty.stats import compare_means

gain = compare_means(each["points", "sent"], each["points", "control"])
points_profit = (gain.effect - 0.08, gain.low - 0.08, gain.high - 0.08)
### END SOLUTION

# %%
check("34b", points_profit)

# %%
hint("34b")

# %% tags=["verify"]
face, free = count("points", redemption_probability=1.0), count("points", redemption_probability=0.0)
assert free.verdict == "earned" and face.verdict == "open" and points_profit[1] < 0 < points_profit[2]
assert face.recommendation.startswith("test") and count("points").recommendation.startswith("send")

# %% [markdown] tags=["solution"]
# €{{points_profit[0]:.2f}} (−€{{abs(points_profit[1]):.2f}} to €{{points_profit[2]:.2f}}): open. At face value it would be €{{face.profit.effect:.2f}}, and as if points were free €{{free.profit.effect:.2f}}, with an interval above zero. The same customers, the same tills; only the price of a point is another. An experienced colleague settles that price once a year, from points that are old enough, and not when the result is on the table.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **34c The service, in all.** What did the campaign `service` bring in all, for the {{int((people[people.campaign_id == "service"].arm == "sent").sum()):,}} customers to whom it was offered? `(profit, low, high)` in whole euros, 95 % interval as in 34b. The specialist's bill is in `reward_paid`.

# %%
### BEGIN SOLUTION
from loyalty.evaluate.money import campaign_money

with_margin = outcomes.assign(margin=outcomes.sales / 1.20 - outcomes.goods_cost)
called = contacts[contacts.campaign_id == "service"]
service = campaign_money(called, with_margin, offers, vat_rate=0.20)
service_total = (service.total.effect, service.total.low, service.total.high)
### END SOLUTION

# %%
check("34c", service_total)

# %%
hint("34c")

# %% tags=["verify"]
natural = service.lines.set_index("line").total["of which natural buyers"]
assert service.verdict == "lost" and natural < 0.9 * service.total.effect < 0
assert service.total.low < service.total.effect - natural < service.total.high + abs(natural)
assert abs(service.total.effect - natural) < 0.05 * abs(service.total.effect)

# %% tags=["solution"]
service

# %% [markdown] tags=["solution"]
# −€{{abs(service_total[0]):,.0f}} (−€{{abs(service_total[1]):,.0f}} to −€{{abs(service_total[2]):,.0f}}), *lost*. (The ⚠ says only what we did ourselves: the tax is already out of our margin.) A tempting report counts the specialist's fee only "for the customers whom the service won". Then next to nothing is lost, because €{{abs(service.lines.set_index("line").total["of which natural buyers"]):,.0f}} vanish: what went to those who would have come anyway. But the specialist advised them too, and the bill names every one.

# %% [markdown]
# **34d Monday.** What happens with each of the three, and what have they brought together? The chain's rule: the whole interval above zero, `"send"` it again to all 40,000; the whole interval below, `"stop"`. If zero is inside, `"test"` once more where another test of the same size is worth more than it is expected to cost; else the likelier side, `"send"` or `"stop"`. Answer with four values: the words for discount, points and service, and the **sum of the three profits in all, in whole euros** (add the unrounded totals), such as `("test", "test", "stop", 1234)`.
#
# (`campaign_money` knows both: `value_of_testing` and `testing.cost`.)

# %%
### BEGIN SOLUTION
found = []
for name in ("discount", "points", "service"):
    mine = contacts[contacts.campaign_id == name]
    found.append(campaign_money(mine, with_margin, offers, vat_rate=0.20))
words = [money.recommendation.split()[0].strip(":,") for money in found]
together = sum(money.total.effect for money in found)
decisions = (*words, together)
### END SOLUTION

# %%
check("34d", decisions)

# %%
hint("34d")

# %% tags=["verify"]
from loyalty.tasks.t34.scene import reveal_truth

first = [count(name, windows="main") for name in ("discount", "points", "service")]
assert words == ["send", "send", "stop"] and [m.verdict for m in first] == ["earned", "earned", "lost"]
assert together < 0 < sum(m.total.effect for m in first)
wide = 1.96 * sum(m.total.se**2 for m in found) ** 0.5
assert together - wide < 0 < together + wide
truth = reveal_truth()
assert all(m.profit.low < truth[m_name] < m.profit.high for m, m_name in zip(found, truth.index, strict=True))
assert truth["discount"] > truth["points"] > 0 > truth["service"]

# %% tags=["solution"]
import pandas as pd

from loyalty.tasks.t34.scene import reveal_truth

truth = reveal_truth()
board = pd.concat([money.to_frame() for money in found]).set_index(truth.index)
board = board[["profit", "low", "high", "probability_of_loss", "value_of_testing"]]
board["cost_of_testing"] = [money.testing.cost for money in found]
board.assign(next=words, truth=truth).round(2)

# %% [markdown] tags=["solution"]
# *Send, send, stop*, and −€{{abs(together):,.0f}} together (−€{{abs(together - wide):,.0f}} to €{{together + wide:,.0f}}; we add the three doubts as squares, because these are three lotteries): the service has eaten what the other two earned. Had all windows ended with the campaigns, the sum would be +€{{sum(money.total.effect for money in first):,.0f}}.
#
# Why send what is not proven? Because on Monday one has to act, and both are likelier to earn than to lose (probability of loss {{found[0].probability_of_loss:.0%}} and {{found[1].probability_of_loss:.0%}}). A further test would hold the offer back from a control group again, and that is expected to cost €{{found[0].testing.cost:,.0f}} and €{{found[1].testing.cost:,.0f}}; what it could tell us is worth €{{found[0].value_of_testing:,.0f}} and €{{found[1].value_of_testing:,.0f}}. *"Not significant, so stop"* is a rule too, but it throws away {{truth["discount"] * 100:.0f}} and {{truth["points"] * 100:.0f}} cents a customer. That is the truth for these very customers; the last column shows it, and no chain would ever have seen it.
#
# What would an experienced colleague add? "Send, but keep five percent as control next time as well. It costs little, and next year Jonas will have a smaller doubt." And to the agency: "You may show your slide. The bonus follows the column *profit*."
