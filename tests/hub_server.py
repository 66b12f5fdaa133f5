"""A Hugging Face Hub on loopback: the routes that the real client asks, over commits that are kept in memory.

Faults are switched on by a test: an answer's status for some paths, bodies that break off, arrive changed or late.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

LARGE = ".safetensors"


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Repository:
    """Commits by hash, oldest first, what branches and tags mean, and what a Space is told by its owner."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    private: bool = False
    licence: str = "apache-2.0"
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """The newest version."""
        return self.commits.get(self.references.get("main", ""), {})

    def commit(self, files: dict[str, bytes], branch: str = "main", gone: Collection[str] = ()) -> str:
        before = self.commits.get(self.references.get(branch, ""), {})
        after = {path: data for path, data in (before | files).items() if path not in gone}
        name = hashlib.sha1(json.dumps([len(self.commits), sorted(after)]).encode()).hexdigest()
        self.commits[name] = after
        self.references[branch] = name
        return name

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.references.get(revision)


class LoopbackHub:
    """The server: `address`, `repositories`, what was asked, and the faults.

    Attributes:
        repositories: by name; a Space's is "spaces/org/name", a data set's "datasets/org/name".
        asked: method and path of each request.
        status: regular expression over paths → status to answer with.
        cut: regular expression → bytes after which a body breaks off.
        changed: regular expression: bodies arrive with one byte changed.
        slow: regular expression → seconds before an answer.
        said: regular expression → what is answered instead, as JSON.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.status: dict[str, int] = {}
        self.cut: dict[str, int] = {}
        self.changed: set[str] = set()
        self.slow: dict[str, float] = {}
        self.said: dict[str, bytes] = {}
        self._server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        """No faults any more."""
        for faults in (self.status, self.cut, self.changed, self.slow, self.said):
            faults.clear()


class _QuietServer(ThreadingHTTPServer):
    """A client that gives up is part of the tests, and no error."""

    def handle_error(self, *_arguments: object) -> None:
        pass


def _fault(faults: dict[str, object], path: str) -> object | None:
    return next((value for pattern, value in faults.items() if re.search(pattern, path)), None)


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer()

        do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

        def _answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.asked.append(f"{self.command} {path}")
            time.sleep(_fault(hub.slow, path) or 0)
            status = _fault(hub.status, path)
            if status:
                self._send(status, b"{}")
                return
            said = _fault(hub.said, path)
            if said is not None:
                self._send(200, said, Content_Type="application/json")
                return
            for pattern, answer in routes:
                found = re.fullmatch(pattern, path)
                if found:
                    answer(self, *found.groups(), body)
                    return
            self._send(404, b"{}")

        def _send(self, status: int, data: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            path = urlsplit(self.path).path
            cut = _fault(hub.cut, path)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[:cut] if cut else data)
            if cut:
                self.close_connection = True

        def _json(self, value: object, status: int = 200) -> None:
            self._send(status, json.dumps(value).encode(), Content_Type="application/json")

        def _repository(self, name: str, revision: str) -> tuple[Repository, str] | None:
            found = hub.repositories.get(name)
            if found is None or (found.private and "Authorization" not in self.headers):
                self._send(401, b"{}", X_Error_Code="RepoNotFound")
                return None
            commit = found.resolve(revision)
            if commit is None:
                self._send(404, b"{}", X_Error_Code="RevisionNotFound")
                return None
            return found, commit

        def info(self, name: str, revision: str | None, _body: bytes) -> None:
            found = self._repository(name, revision or "main")
            if found:
                repository, commit = found
                card = {"license": repository.licence}
                self._json({"id": name, "modelId": name, "sha": commit, "cardData": card, "siblings": [], "tags": []})

        def tree(self, name: str, revision: str, _body: bytes) -> None:
            found = self._repository(name, revision)
            if found:
                repository, commit = found
                self._json([_listed(path, data) for path, data in repository.commits[commit].items()])

        def resolve(self, name: str, revision: str, path: str, _body: bytes) -> None:
            found = self._repository(name, revision)
            if not found:
                return
            repository, commit = found
            data = repository.commits[commit].get(path)
            if data is None:
                self._send(404, b"{}", X_Error_Code="EntryNotFound")
                return
            etag = f'"{sha256(data) if path.endswith(LARGE) else git_hash(data)}"'
            if any(re.search(pattern, path) for pattern in hub.changed):
                data = data[:-1] + bytes([data[-1] ^ 1])
            headers = {"X_Repo_Commit": commit, "ETag": etag, "Accept_Ranges": "bytes"}
            first = re.fullmatch(r"bytes=(\d+)-.*", self.headers.get("Range", ""))
            if first:
                start = int(first[1])
                span = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self._send(206, data[start:], Content_Range=span, **headers)
            else:
                self._send(200, data, **headers)

        def create(self, body: bytes) -> None:
            wanted = json.loads(body)
            name = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
            if "Authorization" not in self.headers:
                self._send(401, b'{"error": "log in"}')
                return
            if wanted.get("type") in ("space", "dataset"):
                name = f"{wanted['type']}s/{name}"
            there = name in hub.repositories
            made = hub.repositories.setdefault(name, Repository(private=bool(wanted.get("private"))))
            if wanted.get("type") == "space" and not there:
                made.commit({".gitattributes": b""})
            self._json({"url": f"{hub.address}/{name}", "name": name}, 409 if there else 200)

        def preupload(self, _name: str, _revision: str, body: bytes) -> None:
            files = json.loads(body)["files"]
            modes = [(file["path"], "lfs" if file["path"].endswith(LARGE) else "regular") for file in files]
            self._json({"files": [{"path": p, "uploadMode": m, "shouldIgnore": False, "oid": None} for p, m in modes]})

        def batch(self, _name: str, body: bytes) -> None:
            objects = [
                entry | {"actions": {"upload": {"href": f"{hub.address}/lfs/{entry['oid']}"}}}
                for entry in json.loads(body)["objects"]
            ]
            self._json({"transfer": "basic", "objects": objects})

        def store(self, oid: str, body: bytes) -> None:
            hub.blobs[oid] = body
            self._send(200)

        def commit(self, name: str, revision: str, body: bytes) -> None:
            files, gone = {}, set()
            for line in filter(None, body.splitlines()):
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif entry["key"] == "lfsFile":
                    files[value["path"]] = hub.blobs[value["oid"]]
                elif entry["key"] == "deletedFile":
                    gone.add(value["path"])
            made = hub.repositories[name].commit(files, revision, gone)
            self._json({"commitUrl": f"{hub.address}/{name}/commit/{made}", "commitOid": made})

        def variable(self, name: str, body: bytes) -> None:
            told = json.loads(body)
            variables = hub.repositories[name].variables
            variables[told["key"]] = told["value"]
            self._json({key: {"value": value} for key, value in variables.items()})

        def valid(self, _body: bytes) -> None:
            self._json({"errors": [], "warnings": []})

    name = r"((?:spaces/|datasets/)?[\w.-]+/[\w.-]+)"
    routes = (
        (r"/api/repos/create", Handler.create),
        (r"/api/validate-yaml", Handler.valid),
        (rf"/api/(?:models/)?{name}/variables", Handler.variable),
        (rf"/api/(?:models/)?{name}/preupload/(.+)", Handler.preupload),
        (rf"/api/(?:models/)?{name}/commit/(.+)", Handler.commit),
        (rf"/api/(?:models/)?{name}/tree/([^/]+)", Handler.tree),
        (rf"/api/(?:models/)?{name}(?:/revision/(.+))?", Handler.info),
        (rf"/{name}\.git/info/lfs/objects/batch", Handler.batch),
        (r"/lfs/(\w+)", Handler.store),
        (rf"/{name}/resolve/([^/]+)/(.+)", Handler.resolve),
    )
    return Handler


def _listed(path: str, data: bytes) -> dict:
    entry = {"type": "file", "path": path, "size": len(data), "oid": git_hash(data)}
    large = {"lfs": {"oid": sha256(data), "size": len(data), "pointerSize": 134}}
    return entry | (large if path.endswith(LARGE) else {})
