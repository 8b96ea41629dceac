"""Tables as kubectl prints them."""

from controller.app.commands.listing import table


def test_columns_are_aligned_and_lines_have_no_trailing_spaces():
    assert table(["NAME", "STATUS"], [["shop-74", "deployed"], ["a", ""]]) == (
        "NAME      STATUS\nshop-74   deployed\na\n"
    )


def test_control_characters_cannot_act_on_a_terminal():
    assert table(["N"], [["a\x1b[31m\nb"]]) == "N\na?[31m?b\n"
