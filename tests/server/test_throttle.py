"""How often somebody may be wrong, on a clock that is an argument."""

from __future__ import annotations

from hubbub.server.throttle import KEYS, Budget, Recent, Throttle


def tries(throttle: Throttle, count: int, account: str, where: str, now: float = 0.0) -> int:
    return sum(throttle.admits(account, where, "", local=False, now=now) for _ in range(count))


def test_a_budget_is_spent_and_earned_anew() -> None:
    budget = Budget(2, 10)
    for _ in range(2):
        assert budget.has("a", 0)
        budget.spend("a", 0)
    assert not budget.has("a", 9.9)
    assert budget.has("a", 10)
    assert budget.has("b", 0)
    budget.give_back("a", 0)
    assert budget.has("a", 0)


def test_tables_are_bounded() -> None:
    budget, recent = Budget(1, 10), Recent(2)
    for number in range(KEYS + 1):
        budget.spend(str(number), 0)
    assert budget.has("0", 0), "forgotten first"
    assert not budget.has(str(KEYS), 0)
    for key in "abc":
        recent.note(key)
    assert ("a" in recent, "c" in recent) == (False, True)


def test_an_address_is_throttled() -> None:
    throttle = Throttle()
    admitted = sum(tries(throttle, 1, f"account{number}", "1.2.3.4") for number in range(100))
    assert admitted == 20
    assert tries(throttle, 1, "ann", "5.6.7.8") == 1


def test_an_account_is_throttled_but_not_for_its_owner() -> None:
    throttle = Throttle()
    assert throttle.admits("ann", "home", "phone", local=False, now=0)
    throttle.right("ann", "home", "phone", local=False, now=0)
    assert tries(throttle, 100, "ann", "attacker") == 10
    assert throttle.admits("ann", "home", "", local=False, now=0), "was right from there"
    assert throttle.admits("ann", "cafe", "phone", local=False, now=0), "was right with that"
    assert throttle.admits("ann", "office", "", local=False, now=0), "hasn't been wrong from there"
    assert not throttle.admits("ann", "office", "", local=False, now=0)
    assert tries(throttle, 1, "ann", "attacker", now=60) == 1, "the budget comes back"


def test_the_right_password_costs_nothing() -> None:
    throttle = Throttle()
    for _ in range(100):
        assert throttle.admits("ann", "home", "", local=False, now=0)
        throttle.right("ann", "home", "", local=False, now=0)


def test_this_machine_is_everybody_behind_a_proxy() -> None:
    throttle = Throttle()
    for number in range(100):
        assert throttle.admits(f"account{number}", "127.0.0.1", "", local=True, now=0)
    admitted = sum(throttle.admits("ann", "127.0.0.1", "", local=True, now=0) for _ in range(100))
    assert admitted == 10
    assert throttle.admits("ann", "another connection", "", local=True, now=0)
    newcomers = [throttle.admits("ann", f"{n}", "", local=True, now=0) for n in range(100)]
    assert sum(newcomers) == 59, "together they are bounded, too"
    throttle.right("ann", "127.0.0.1", "phone", local=True, now=0)
    assert throttle.admits("ann", "127.0.0.1", "phone", local=True, now=0)


def test_new_passwords_are_bounded_for_an_address() -> None:
    throttle = Throttle()
    assert sum(throttle.admits_new("class", 0) for _ in range(100)) == 50
    assert throttle.admits_new("class", 3)


def test_one_who_guesses_doesnt_shut_out_the_others_behind_its_address() -> None:
    throttle = Throttle()
    for name, device in (("ann", "phone"), ("bob", ""), ("eve", "")):
        assert throttle.admits(name, "school", device, local=False, now=0)
        throttle.right(name, "school", device, local=False, now=0)
    assert tries(throttle, 100, "ann", "school") == 20
    assert tries(throttle, 100, "zoe", "school") == 0
    for _ in range(100):
        assert throttle.admits("ann", "school", "phone", local=False, now=0), "was right with that"
        throttle.right("ann", "school", "phone", local=False, now=0)
    assert throttle.admits("bob", "school", "", local=False, now=0), "was right from there"
    assert tries(throttle, 100, "eve", "school") == 10, "as many as an account has"


def test_a_device_that_is_wrong_is_one_like_others() -> None:
    throttle = Throttle()
    assert throttle.admits("ann", "home", "phone", local=False, now=0)
    throttle.right("ann", "home", "phone", local=False, now=0)
    assert tries(throttle, 100, "ann", "cafe") == 10
    assert throttle.admits("ann", "cafe", "phone", local=False, now=0)
    assert not throttle.admits("ann", "cafe", "phone", local=False, now=0)
