#!/usr/bin/env python3
"""Which folder may include what. Deny by default: what the table does not name is refused.

Usage: layering.py [ROOT]. The table is the design's layout; dependencies point down only.
"""

import fnmatch
import pathlib
import re
import sys

import lint

# Groups of headers that are not ours. A header that fits no pattern here and lies in no folder of
# the table is a header of the standard library if it has neither a slash nor a dot in its name.
EXTERNAL = {
    "absl": ("absl/*",),
    "protobuf": ("google/protobuf/*", "vigil/v1/*.pb.h"),
    "grpc": ("grpc/*", "grpcpp/*", "vigil/v1/*.grpc.pb.h", "grpc++/*"),
    "sqlite": ("sqlite3.h", "sqlite3ext.h"),
    "openssl": ("openssl/*",),
    "argon2": ("argon2.h",),
    "cli11": ("CLI/*",),
    "qrencode": ("qrencode.h",),
    "iconv": ("iconv.h",),
    "xlsxwriter": ("xlsxwriter.h", "xlsxwriter/*"),
    "spdlog": ("spdlog/*", "fmt/*"),
    "curl": ("curl/*",),
    "posix": ("unistd.h", "fcntl.h", "poll.h", "signal.h", "pthread.h", "sys/*", "netinet/*",
              "linux/*", "arpa/*", "netdb.h", "dirent.h", "termios.h", "pwd.h", "spawn.h"),
    "threads": ("thread", "future", "stop_token", "semaphore", "barrier", "latch"),
    "io": ("fstream", "filesystem", "iostream", "cstdio"),
    "testing": ("gtest/*", "gmock/*", "rapidcheck.h", "rapidcheck/*", "benchmark/*"),
}

BASE = {"sync/base", "absl"}
RULES = BASE | {"sync/rules", "protobuf"}
REGISTER = RULES | {"server/store", "server/register"}
OFFICE = REGISTER | {"server/import", "server/escalation", "server/outbox", "server/access",
                     "server/evidence", "server/report"}
# What a simulated fleet is made of; the parts of the services that need no gRPC included.
CORE = OFFICE | {"sync/sqlite", "sync/replica", "sync/engine", "server/service", "tests/support",
                 "testing", "io"}

# Folder: what its files may include beside their own folder and the standard library.
ALLOWED = {
    "sync/base": {"absl", "openssl", "posix", "io"},
    "sync/sqlite": BASE | {"sqlite"},
    "sync/rules": BASE | {"protobuf"},
    "sync/replica": RULES | {"sync/sqlite"},
    "sync/engine": RULES | {"sync/replica"},
    "sync/transport": RULES | {"sync/engine", "grpc", "threads"},
    "sync/capi": RULES | {"sync/replica", "sync/engine", "sync/transport", "threads"},
    "sync/cli": RULES | {"sync/replica", "sync/engine", "sync/transport", "cli11", "qrencode",
                         "posix", "io", "threads"},
    "server/store": RULES | {"sync/sqlite", "posix"},
    "server/register": RULES | {"server/store", "threads"},
    "server/import": REGISTER | {"io"},
    "server/escalation": REGISTER,
    "server/outbox": REGISTER | {"curl", "openssl", "posix", "threads"},
    "server/access": REGISTER | {"openssl", "argon2"},
    "server/evidence": REGISTER | {"io", "posix"},
    "server/report": REGISTER | {"server/import", "xlsxwriter"},
    "server/service": OFFICE | {"grpc", "spdlog", "threads", "posix", "io"},
    "server/gateway": OFFICE | {"server/service", "threads", "posix", "io"},
    "server/cli": RULES | {"sync/cli", "sync/transport", "posix", "io"},
    "server": OFFICE | {"server/service", "server/gateway", "grpc", "spdlog", "threads", "posix",
                        "io"},
    "tests/support": BASE | {"sync/sqlite", "sync/rules", "protobuf", "testing", "io", "posix",
                             "threads"},
    "tests/property": CORE,
    "tests/sim": CORE | {"server/escalation", "server/import", "server/access", "server/service"},
    "tests/fuzz": CORE | {"server/import"},
    "tests/mutants": CORE,
    "tests/integration": CORE | {"sync/transport", "sync/cli", "server/gateway", "grpc", "threads",
                                 "posix"},
    "tests/fault": CORE | {"sync/transport", "grpc", "threads", "posix", "sqlite"},
    "tests/bench": CORE | {"sync/cli", "sync/transport", "grpc", "threads", "posix", "cli11"},
}

# A unit test includes what its subject may include, the subject and what tests share.
UNIT_TEST_EXTRAS = {"tests/support", "testing", "sync/base", "absl", "io", "threads"}

# Files that may include more than their folder, each with its reason.
FILES = {
    # A ledger is exported in the columns in which it is imported.
    "server/report/hazard_records*": {"server/import"},
    "tests/unit/server/report/report_test*": {"server/import"},
    # The words of the command lines are the reports' too.
    "server/report/words*": {"sync/cli"},
    # An audit checks by the register's own code, and a register's file that nobody serves.
    "server/cli/audit_*": {"server/register", "server/store"},
    # A backup is checked where it arrives, and restored where no register runs.
    "server/cli/backup_*": {"server/register", "server/store"},
    "server/cli/restore_*": {"server/register", "server/store", "server/access"},
    # A register's file without a register.
    "tests/unit/server/outbox/sender_fixture*": {"tests/unit/server/store"},
    "tests/unit/server/cli/register_office*": {"server/register", "server/store"},
    # The simulated disk and memory replace SQLite's own.
    "tests/support/sim_vfs*": {"sqlite"},
    "tests/support/sqlite_memory*": {"sqlite"},
    # What files call things is what people are shown; what they are written in, libc knows.
    "server/import/words*": {"sync/cli"},
    "server/import/cell*": {"sync/cli"},
    "server/import/encoding*": {"iconv"},
    "tests/unit/server/import/gb18030*": {"iconv"},
    "tests/unit/server/import/words*": {"sync/cli"},
    "tests/unit/server/import/data*": {"sync/cli"},
    # Makes certificates.
    "tests/support/sim_key*": {"openssl"},
    "tests/support/test_authority*": {"openssl"},
    # A real register, for the tests of what stands on it.
    "tests/support/test_register*": {"server/register", "server/store"},
    "tests/support/access_fixture*": {"server/access"},
    # A phone and its way to that register.
    "tests/support/sim_transport*": {"server/register", "server/service", "sync/engine"},
    "tests/support/sim_evidence*": {"server/evidence", "server/service", "sync/engine"},
    "tests/support/test_phone*": {"sync/engine", "sync/replica"},
}

# Within an allowed group: headers that are refused all the same.
REFUSED = {
    # Pure: no I/O, no clock of its own, no randomness.
    "sync/rules": ("sync/base/executor.h", "sync/base/loop_executor.h", "sync/base/file.h",
                   "sync/base/random.h", "sync/base/mutex.h", "absl/time/clock.h", "random",
                   "ctime", "mutex", "condition_variable"),
}

# These folders run in a phone's browser too: they start no thread, whatever they include.
THREADLESS = ("sync/base", "sync/sqlite", "sync/rules", "sync/replica", "sync/engine")
STARTS_THREAD = re.compile(r"std::(?:thread|jthread|async)\b(?!::id)|\bpthread_create\b")

# Slow to compile, or to be replaced as one: each stands in one file only, beside the tests' own.
SINGLE_USER = ("cli11", "spdlog", "qrencode", "curl", "xlsxwriter")

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path: str) -> str | None:
    """The folder of the table that a project path lies in, or None."""
    folder = str(pathlib.PurePosixPath(path).parent)
    if folder.startswith("tests/unit/"):
        return folder if allowed_of(folder) is not None else None
    while folder not in ("", "."):
        if folder in ALLOWED:
            # Only files directly in server/ (vigild.cc) are wiring; a new folder needs a row.
            return folder if folder != "server" or path.count("/") == 1 else None
        folder = str(pathlib.PurePosixPath(folder).parent)
    return None


def allowed_of(folder: str) -> set[str] | None:
    if not folder.startswith("tests/unit/"):
        return ALLOWED.get(folder)
    subject = folder.removeprefix("tests/unit/")
    if subject == "support":
        subject = "tests/support"
    while subject and subject not in ALLOWED:
        subject = subject.rpartition("/")[0]
    if not subject:
        return None
    return ALLOWED[subject] | UNIT_TEST_EXTRAS | {subject}


def target_of(header: str) -> str | None:
    """The group or folder that a header belongs to; "" for the standard library."""
    # Stubs match the pattern of messages too, so the longest pattern decides.
    fits = [(len(pattern), group) for group, patterns in EXTERNAL.items() for pattern in patterns
            if fnmatch.fnmatch(header, pattern)]
    if fits:
        return max(fits)[1]
    folder = folder_of(header)
    if folder:
        return folder
    is_standard = re.fullmatch(r"[a-z_0-9]+", header)
    is_c = re.fullmatch(r"(assert|errno|float|inttypes|limits|math|std[a-z]+|string|time)\.h",
                        header)
    return "" if is_standard or is_c else None


def check_include(path: str, folder: str, header: str, quoted: bool) -> str | None:
    """Why the file may not include the header; None if it may."""
    target = target_of(header)
    if target is None:
        return f"'{header}' lies in no folder and no group of the layering table"
    if target == folder:
        return None
    if any(fnmatch.fnmatch(header, refused) for refused in REFUSED.get(folder, ())):
        return f"{folder} may not include {header}"
    if target == "":
        return f"the standard header '{header}' belongs in <>" if quoted else None
    extra = set().union(*(more for glob, more in FILES.items() if fnmatch.fnmatch(path, glob)))
    if target not in (allowed_of(folder) or set()) | extra:
        return f"{folder} may not include {target} ({header})"
    if not quoted and "/" in target:
        return f"our own header '{header}' belongs in quotes"
    return None


def check_file(root: pathlib.Path, path: str) -> tuple[list[lint.Problem], set[str]]:
    """The problems of one file, and the groups that it includes."""
    folder = folder_of(path)
    if folder is None:
        return [lint.Problem(path, 1, "this folder is not in the layering table")], set()
    text = lint.read(root, path)
    problems, groups = [], set()
    for match in _INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        reason = check_include(path, folder, match.group(2), match.group(1) == '"')
        if reason:
            problems.append(lint.Problem(path, line, reason))
        groups.add(target_of(match.group(2)) or "")
    if folder.startswith(THREADLESS):
        code = lint.code_only(text)
        for match in STARTS_THREAD.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            problems.append(lint.Problem(path, line, f"{folder} starts no thread"))
    return problems, groups


def check(root: pathlib.Path) -> tuple[list[lint.Problem], int]:
    files = [path for path in lint.project_files(root) if lint.is_cpp(path)]
    problems, users = [], {group: [] for group in SINGLE_USER}
    for path in files:
        found, groups = check_file(root, path)
        problems += found
        if path.startswith("tests/"):
            continue
        for group in groups & users.keys():
            users[group].append(path)
    for group, paths in users.items():
        problems += [lint.Problem(path, 1, f"{group} stands in one file only, see {paths[0]}")
                     for path in paths[1:]]
    return problems, len(files)


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else lint.ROOT
    return lint.finish(*check(root), "layering")


if __name__ == "__main__":
    sys.exit(main())
