# SPDX-License-Identifier: Apache-2.0

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.errors import MalformedError
from legation.transports.http.address import may_be_called, read_address, resolve
from tests.keys.office import Keys

KOR = Keys.of("KOR@NATO")

# Whole addresses and shreds of them, put together at random.
SHREDS = st.sampled_from(
    [
        *(
            "https://",
            "http://",
            "a",
            "example",
            "localhost",
            "a" * 63,
            "A",
            "_",
            "~",
            "\n",
            "%2e",
            "@",
            "?",
            "#",
        ),
        *("127", "192", "0", "01", "0x7f", "256", "80", "65535", "65536", ".", "..", "-", ":", "/", "[::1]"),
    ]
)
ADDRESSES = st.lists(SHREDS, max_size=8).map("".join)


def stands_in_a_card(text: str) -> bool:
    """Whether a card may list this address."""
    try:
        KOR.body(addresses=(text,))
    except MalformedError:
        return False
    return True


class TestReadAddress:
    @pytest.mark.parametrize(
        ("text", "called"),
        [
            ("192.0.2.17:8443", "http://192.0.2.17:8443/exchange"),
            ("192.0.2.17", "http://192.0.2.17:80/exchange"),
            ("mission.example:1", "http://mission.example:1/exchange"),
            ("localhost:65535", "http://localhost:65535/exchange"),
            ("https://mission.example", "https://mission.example:443/exchange"),
            ("https://mission.example/", "https://mission.example:443/exchange"),
            ("https://mission.example:8443/a/b", "https://mission.example:8443/a/b"),
            ("https://192.0.2.17/a/", "https://192.0.2.17:443/a/"),
        ],
    )
    def test_what_is_called(self, text: str, called: str) -> None:
        """
        Host, port and path are those that the address names, or their customary ones.
        """
        address = read_address(text)
        scheme = "https" if address.secure else "http"
        assert f"{scheme}://{address.host}:{address.port}{address.path}" == called

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "http://mission.example",
            "ftp://mission.example",
            "file:///etc/passwd",
            "gopher://mission.example",
            "https://user@mission.example",
            "https://mission.example?a",
            "https://mission.example/#a",
            "https://mission.example/../a",
            "https://mission.example/%2e",
            "https://[::1]/",
            "[::1]:80",
            "mission.example:0",
            "mission.example:65536",
            "mission.example:080",
            "mission.example/a",
            "Mission.example",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "192.0.2.256",
            "mission.example\n",
            "mission.example\r\nX: y",
            "mission..example",
            "a" * 254,
        ],
    )
    def test_what_is_none_is_refused(self, text: str) -> None:
        """
        Another scheme, a user name, a query, an escape, a number in disguise: none of them is an address.
        """
        with pytest.raises(MalformedError, match="an address is"):
            read_address(text)

    def test_only_what_needs_no_name_server_has_a_number(self) -> None:
        """
        A number is its own; localhost is asked of nobody; a name has none before it is resolved.
        """
        numbers = [read_address(text).number for text in ("192.0.2.17:1", "localhost", "local.example")]
        assert numbers == ["192.0.2.17", "127.0.0.1", None]

    def test_its_name_is_host_and_port(self) -> None:
        """
        What messages say of an address is never its path.
        """
        assert str(read_address("https://mission.example/a/b")) == "mission.example:443"

    @given(ADDRESSES)
    def test_reads_what_a_card_may_list_and_nothing_else(self, text: str) -> None:
        """
        The card's grammar and this one are the same.
        """
        if stands_in_a_card(text):
            assert read_address(text).host in text
        else:
            with pytest.raises(MalformedError):
                read_address(text)


class TestMayBeCalled:
    @pytest.mark.parametrize("number", ["8.8.8.8", "10.0.0.1", "192.168.1.1", "2a00::1", "fd00::1"])
    def test_peers_are_called(self, number: str) -> None:
        """
        Public numbers and those of a network of one's own are called, whoever names them.
        """
        assert may_be_called(number, written=True)
        assert may_be_called(number, written=False)

    @pytest.mark.parametrize(
        "number",
        [
            "127.0.0.1",
            "127.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ],
    )
    def test_our_own_house_is_called_only_if_the_card_writes_its_number(self, number: str) -> None:
        """
        No name leads to loopback or to the shared address space, wrapped or not.
        """
        assert may_be_called(number, written=True)
        assert not may_be_called(number, written=False)

    @pytest.mark.parametrize(
        "number",
        [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fe80::1",
            "fe80::1%1",
            "224.0.0.1",
            "ff02::1",
            "0.0.0.0",  # noqa: S104 - nothing listens
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "255.255.255.255",
            "240.0.0.1",
            "::7f00:1",
            "64:ff9b:1::7f00:1",
            "2001:0:1::1",
            "fec0::1",
            "",
            "127.1",
            "mission.example",
        ],
    )
    def test_what_can_be_no_peer_is_never_called(self, number: str) -> None:
        """
        Link-local, multicast, unspecified and reserved numbers are refused even if the card writes them.
        """
        assert not may_be_called(number, written=True)
        assert not may_be_called(number, written=False)


class TestResolve:
    def test_gives_each_number_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The numbers come in the system's order, of both families, without ports and scopes.
        """
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2a00::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.17", 0)),
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2a00::1", 0, 0, 0)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert resolve("mission.example") == ("2a00::1", "192.0.2.17")
