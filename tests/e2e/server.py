"""What the end-to-end tests of `siploom serve` share: starting, ending and killing it, and asking its store."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

from support import SIPLOOM, check, run


def scratch_folder(name):
    return pathlib.Path(tempfile.mkdtemp(prefix=f"siploom-{name}-"))


def wait_for(condition, seconds, step=0.1):
    """The first true value of condition(), or the last false one after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


class Server:
    """A `siploom serve` with a folder; it may be started again and again."""

    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store"
        self.settings = {"listen": "127.0.0.1:0", "hep": "127.0.0.1:0", **settings}
        self.log = []
        self.process = None
        self.port = 0

    def start(self, patience=20, quiet=False):
        """`quiet`: the log does not tell the port for HEP; it is up when it has told the link of the first admin."""
        arguments = [f"--{key.replace('_', '-')}={value}" for key, value in self.settings.items()]
        self.log = []
        self.process = subprocess.Popen([SIPLOOM, "serve", "--data", self.folder, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr, self.log), daemon=True)
        self.reader.start()
        sign = r"#token=(\S+)" if quiet else r"taking HEP on \S+:(\d+)"
        told = wait_for(lambda: self.told(sign) or self.process.poll() is not None, patience, 0.01)
        match = self.told(sign)
        if not match:
            self.kill()
            raise RuntimeError(f"siploom serve did not start: {told} {self.text()}")
        self.port = 0 if quiet else int(match.group(1))
        return self

    @staticmethod
    def _read(pipe, log):
        for line in pipe:
            log.append(line.decode("utf-8", "replace"))

    def text(self):
        return "".join(self.log)

    def told(self, pattern):
        return re.search(pattern, self.text())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def stop(self, patience=30):
        """SIGTERM; gives the exit status, None when it did not end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        self.reader.join()
        return status

    def is_running(self):
        return self.process.poll() is None

    def memory(self):
        """Resident memory in octets."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def query(self, *arguments):
        status, out, err = run("query", "--store", self.store, "--json", "-n0", *arguments, timeout=120)
        check(status in (0, 1), f"query {' '.join(map(str, arguments))}: status {status}: {err}")
        return [json.loads(line) for line in out.splitlines()]

    def records(self, *arguments):
        return self.query("-r", *arguments)

    def sql(self, statement):
        status, out, err = run("sql", "--store", self.store, "--json", statement, timeout=120)
        check(status in (0, 1), f"sql {statement}: status {status}: {err}")
        return [json.loads(line) for line in out.splitlines()]

    def count(self, where="true"):
        rows = self.sql(f"select count(*) as n from records where {where}")
        return rows[0]["n"] if rows else -1

    def wait_for_count(self, count, where="true", seconds=20):
        """Waits until so many records are there; gives how many there are."""
        found = 0

        def enough():
            nonlocal found
            found = self.count(where)
            return found >= count

        wait_for(enough, seconds, 0.3)
        return found

    def url(self):
        """Of its web interface."""
        return self.told(r"(http://\S+:\d+)/").group(1)

    def api(self, method, path, body=None, **headers):
        """What /api/v1 answers: its headers and its JSON."""
        request = urllib.request.Request(f"{self.url()}/api/v1/{path}", method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers, json.loads(answer.read() or b"null")

    def make_token(self):
        """Makes the first admin, and a token of theirs."""
        wait_for(lambda: self.told(r"#token=(\S+)"), 10)
        password = "correct horse battery staple"
        headers, me = self.api("POST", "auth/setup", {"token": self.told(r"#token=(\S+)").group(1), "name": "ann",
                                                      "password": password})
        cookie = headers["Set-Cookie"].split(";")[0]
        _, made = self.api("POST", "tokens", {"name": "test"}, **{"Cookie": cookie, "X-CSRF-Token": me["csrf"]})
        return made["secret"]

    def remove(self):
        if self.process is not None and self.is_running():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
