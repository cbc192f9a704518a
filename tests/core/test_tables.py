"""The tables: each is described, and an empty store makes an empty state."""

from hubbub.core.ids import FIRST_PLACE
from hubbub.core.tables import COLUMNS, KEY_WIDTH, LOAD_ORDER, dump, load
from tests.core.logs import LOG_ID, RULES
from tests.world import World, stored


def test_the_tables_are_described() -> None:
    assert set(KEY_WIDTH) == set(LOAD_ORDER) == set(COLUMNS)
    for table, order in LOAD_ORDER.items():
        assert set(order.split(", ")) <= set(COLUMNS[table])
        assert 0 < KEY_WIDTH[table] <= len(COLUMNS[table])


def test_each_row_has_a_cell_for_each_column() -> None:
    world = World()
    world.enter("ann", room="#a").send("TOPIC #a :news", "PRIVMSG #a :hello")
    rows = dump(world.state)
    assert {"counters", "users", "sessions", "rooms", "members"} <= {table for table, _ in rows}
    for table, row in rows:
        assert len(row) == len(COLUMNS[table]), table


def test_what_refers_to_another_table_is_loaded_behind_it() -> None:
    order = list(COLUMNS)
    for one, other in (
        ("users", "accounts"),
        ("sessions", "users"),
        ("members", "rooms"),
        ("members", "users"),
        ("lists", "rooms"),
        ("access", "rooms"),
        ("pins", "rooms"),
    ):
        assert order.index(one) > order.index(other)


def test_an_empty_store_makes_a_new_state() -> None:
    state = load(LOG_ID, RULES, stored({table: {} for table in COLUMNS}))
    assert dump(state) == []
    assert (state.now, state.next_place) == (0, FIRST_PLACE)
