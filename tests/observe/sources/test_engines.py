"""Engines that answer oddly, slowly, without end, or not at all: a failure in words, in time."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.core.instant import SECOND
from supervisor.errors import AwayError, SourceError
from supervisor.observe.deadline import Deadline
from supervisor.observe.sighting import Sighting
from supervisor.observe.sources.engines import Engine, addresses
from supervisor.process.clock import Clock
from tests.observe.lab import GOOD, ID, Answer, Fake, engine, http


def look(path: str, timeout: int = 20 * SECOND) -> tuple[Sighting, ...]:
    return Engine(path).look({}, Deadline(timeout, Clock().monotonic))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Answer], Fake]]:
    fakes: list[Fake] = []

    def start(answer: Answer) -> Fake:
        fakes.append(Fake(tmp_path, answer))
        return fakes[-1]

    yield start
    for fake in fakes:
        fake.close()


def test_docker_and_podman_are_each_asked_in_their_own_dialect(serve: Callable[[Answer], Fake], tmp_path: Path) -> None:
    docker = serve(engine(**GOOD))
    assert [seen.status for seen in look(docker.path)] == ["ok"]
    assert docker.asked == ["/version", "/containers/json?all=true", f"/containers/{ID}/json"]
    (tmp_path / "podman").mkdir()
    podman = Fake(tmp_path / "podman", engine(**GOOD | {"version": {"Components": [{"Name": "Podman Engine"}]}}))
    assert [seen.name for seen in look(podman.path)] == ["web"]
    assert all("/libpod/" in path for path in podman.asked[1:])
    podman.close()


def test_an_engine_that_ends_the_conversation_each_time_is_called_again(serve: Callable[[Answer], Fake]) -> None:
    answer = engine(**GOOD)
    fake = serve(lambda path: answer(path).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    assert [seen.name for seen in look(fake.path)] == ["web"]


def test_a_container_that_went_away_meanwhile_is_not_there(serve: Callable[[Answer], Fake]) -> None:
    fake = serve(engine(**GOOD, status=404))
    assert look(fake.path) == ()


@pytest.mark.parametrize("names", [["/web"], ["web"]])
def test_one_container_that_cannot_be_inspected_is_unknown_and_the_others_are_not(
    serve: Callable[[Answer], Fake], names: list[str]
) -> None:
    labels = {"com.docker.compose.project": "site", "com.docker.compose.service": "web"}
    other = "cd" * 32
    good = engine(**GOOD | {"listed": [{"Id": other, "Names": names, "Labels": labels}, {"Id": ID}]})
    fake = serve(lambda path: http(b"{}", 500) if other in path else good(path))
    seen = look(fake.path)
    assert [(container.name, container.stack, container.service, container.status) for container in seen] == [
        ("web", "site", "web", "unknown"),
        ("web", "", "", "ok"),
    ]
    assert seen[0].detail == f"answered 500 to GET /containers/{other}/json"


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (engine(**GOOD | {"listed": {}}), "gave no list of containers"),
        (engine(**GOOD | {"listed": [3]}), "gave a container without an identifier"),
        (engine(**GOOD | {"listed": [{"Id": "../../etc"}]}), "gave a container without an identifier"),
        (engine(**GOOD | {"listed": [{"Id": ID}] * 5001}), "has 5001 containers, more than 5000"),
        (engine(**GOOD | {"listed": b"{"}), "gave no JSON for /containers/json"),
        (engine(**GOOD | {"listed": DEEP}), "gave no JSON for /containers/json"),
        (engine(**GOOD | {"listed": b"1" * 5000}), "gave no JSON for /containers/json"),
        (engine(**GOOD | {"listed": b"\xff\xfe"}), "gave no JSON for /containers/json"),
        (engine(**GOOD | {"version": b" " * (17 << 20)}), "answered more than 16 MiB"),
        (engine(**GOOD | {"inspected": []}), f"gave nothing of container {ID[:12]}"),
        (engine(**GOOD | {"inspected": {}}), f"gave no name of container {ID[:12]}"),
        (lambda _: http(b"", 403), "answered 403 to GET /version"),
        (lambda _: b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP as it should: BadStatusLine"),
        (
            lambda _: b"HTTP/1.1 200 x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            "does not speak HTTP as it should: HTTPException",
        ),
        (
            lambda _: http(b"", 200, "Connection: close").replace(b"Length: 0", b"Length: 9"),
            "gave no JSON for /version",
        ),
    ],
)
def test_an_odd_answer_is_a_failure_in_words(serve: Callable[[Answer], Fake], answer: Answer, why: str) -> None:
    with pytest.raises(SourceError) as failure:
        look(serve(answer).path)
    assert str(failure.value) == why


@pytest.mark.parametrize("drop", [b"", b"HTTP/1.1 200 x\r\nContent-Length: 9999\r\n\r\n"])
def test_silence_and_an_answer_that_never_ends_are_cut_off(serve: Callable[[Answer], Fake], drop: bytes) -> None:
    fake = serve(lambda _: drop)
    with pytest.raises(SourceError, match=r"^did not answer within 0\.3 s$"):
        look(fake.path, 3 * SECOND // 10)


def test_without_a_socket_there_is_no_answer(tmp_path: Path) -> None:
    for path, why in (
        ("absent", "cannot be reached: No such file or directory"),
        ("x" * 200, "cannot be reached: AF_UNIX path too long"),
    ):
        with pytest.raises(SourceError) as failure:
            look(str(tmp_path / path))
        assert str(failure.value) == why
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="Connection refused"):
        look(str(tmp_path / "file"))


def test_what_may_be_back_in_a_moment_is_told_apart(serve: Callable[[Answer], Fake], tmp_path: Path) -> None:
    with pytest.raises(AwayError):
        look(str(tmp_path / "absent"))
    with pytest.raises(AwayError):
        look(serve(lambda _: b"SSH-2.0-OpenSSH\r\n").path)
    refusing = Fake(tmp_path / "refusing", lambda _: http(b"", 403))
    with pytest.raises(SourceError) as refused:
        look(refusing.path)
    assert not isinstance(refused.value, AwayError)
    refusing.close()


def test_the_usual_sockets_that_are_there_are_looked_through_and_those_that_were(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    usual = [str(tmp_path / name) for name in ("here", "not")]
    assert addresses(None, (), usual) == (usual[0],)
    # One that was there at the look before is missed; a source of another kind is none.
    assert addresses(None, (usual[1], "systemd"), usual) == tuple(usual)
    assert addresses(("/given",), (usual[0],), usual) == ("/given",)


def test_two_names_of_one_socket_are_one_engine(serve: Callable[[Answer], Fake], tmp_path: Path) -> None:
    engine_socket = serve(engine(**GOOD)).path
    link, hard = str(tmp_path / "docker.sock"), str(tmp_path / "other.sock")
    os.symlink(engine_socket, link)
    os.link(engine_socket, hard)
    # The link's own name is not the one that counts, whichever comes first.
    assert addresses((link, engine_socket), (), ()) == (engine_socket,)
    assert addresses((engine_socket, link), (), ()) == (engine_socket,)
    assert addresses(None, (engine_socket,), (link,)) == (engine_socket,)
    assert len(addresses((hard, engine_socket), (), ())) == 1
    # Alone it is as good as any.
    assert addresses((link,), (), ()) == (link,)
    # The engine is gone, and so is what the link leads to: still one.
    os.unlink(engine_socket)
    assert addresses((link, engine_socket), (), ()) == (engine_socket,)


def test_engines_behind_other_sockets_are_others(tmp_path: Path) -> None:
    both = tuple(str(tmp_path / name) for name in ("a", "b"))
    assert addresses(both, (), ()) == both
    assert addresses(("tcp://nas:2375", "tls://nas:2376"), (), ()) == ("tcp://nas:2375", "tls://nas:2376")


@pytest.fixture
def answering() -> Iterator[tuple[str, Callable[[ssl.SSLContext | None], None]]]:
    """A TCP address, and what makes it answer as an engine with one container, in the clear or not."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(context: ssl.SSLContext | None) -> None:
            answer = engine(**GOOD)

            def talk() -> None:
                with suppress(OSError):
                    plain, _ = server.accept()
                    with context.wrap_socket(plain, server_side=True) if context else plain as connection:
                        while request := connection.recv(65536):
                            connection.sendall(answer(request.split(b" ")[1].decode()))

            threading.Thread(target=talk, daemon=True).start()

        yield f"127.0.0.1:{server.getsockname()[1]}", serve


Serve = Callable[[ssl.SSLContext | None], None]


def test_an_engine_may_be_at_another_machine(answering: tuple[str, Serve]) -> None:
    address, serve = answering
    serve(None)
    assert [(seen.source, seen.name) for seen in look(f"tcp://{address}")] == [(f"tcp://{address}", "web")]


def certify(folder: Path, name: str) -> None:
    """A certificate of 127.0.0.1, by itself, and its key."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_over_tls_both_sides_say_who_they_are(answering: tuple[str, Serve], tmp_path: Path) -> None:
    address, serve = answering
    certify(tmp_path, "engine")
    shutil.copy(tmp_path / "cert.pem", tmp_path / "ca.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.load_verify_locations(tmp_path / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    serve(server)
    deadline = Deadline(20 * SECOND, Clock().monotonic)
    engine_there = Engine(f"tls://{address}", str(tmp_path))
    assert [seen.name for seen in engine_there.look({}, deadline)] == ["web"]
    # Nobody has told us to trust it.
    serve(server)
    with pytest.raises(
        SourceError, match=r"^cannot be reached: its certificate is not trusted: self.signed certificate"
    ):
        look(f"tls://{address}")


def test_without_anybody_at_the_address_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(AwayError, match=r"^cannot be reached: Connection refused$"):
        look(f"tcp://127.0.0.1:{port}")
