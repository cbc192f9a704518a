"""Somebody's host changes, as when a guest registers: nobody left and nobody came."""

from tests.client.rig import CAPS, Rig, label_of


def test_a_changed_host_is_asked_for_and_isnt_worth_a_word(rig: Rig) -> None:
    rig.register(f"{CAPS} chghost")
    (ask,) = rig.lobby()
    rig.history(label_of(ask))
    rig.gets(":bob!u@h JOIN #lobby")
    rig.take()
    assert rig.connection.has("chghost")
    assert rig.gets(":bob!u@h CHGHOST u user/2") == []
    assert rig.take() == []
