#!/usr/bin/env python3
"""layering.py refuses what the design refuses, and lets through what it allows."""

import unittest

import layering
import planted


class LayeringTest(planted.PlantedTree):
    def reasons(self, path: str, text: str) -> list[str]:
        self.plant(path, text)
        return [problem.text for problem in layering.check(self.root)[0] if problem.path == path]

    def assert_refused(self, path: str, include: str, reason: str) -> None:
        found = self.reasons(path, f"#include {include}\n")
        self.assertEqual(len(found), 1, f"{path} including {include}: {found}")
        self.assertIn(reason, found[0])

    def test_refuses_what_points_up_or_sideways(self) -> None:
        for path, include, target in (
            ("sync/base/a.cc", '"sync/sqlite/database.h"', "sync/sqlite"),
            ("sync/rules/a.cc", '"sync/sqlite/database.h"', "sync/sqlite"),
            ("sync/replica/a.cc", '"sync/engine/engine.h"', "sync/engine"),
            ("sync/engine/a.cc", '"server/store/store.h"', "server/store"),
            ("sync/cli/a.cc", '"server/register/writer.h"', "server/register"),
            ("server/store/a.cc", '"server/register/writer.h"', "server/register"),
            ("server/register/a.cc", '"sync/replica/replica.h"', "sync/replica"),
            ("server/service/a.cc", '"sync/replica/replica.h"', "sync/replica"),
            ("server/cli/a.cc", '"sync/replica/replica.h"', "sync/replica"),
            ("server/vigild.cc", '"sync/engine/engine.h"', "sync/engine"),
            ("sync/base/b.cc", '"tests/support/temp_dir.h"', "tests/support"),
            ("tests/unit/sync/rules/a_test.cc", '"server/store/store.h"', "server/store"),
        ):
            self.assert_refused(path, include, f"may not include {target}")

    def test_refuses_foreign_headers_outside_their_folder(self) -> None:
        for path, include, group in (
            ("server/store/a.cc", "<sqlite3.h>", "sqlite"),
            ("tests/support/temp_dir.cc", "<sqlite3.h>", "sqlite"),
            ("server/register/a.cc", '"grpcpp/grpcpp.h"', "grpc"),
            ("server/register/b.cc", '"vigil/v1/sync_service.grpc.pb.h"', "grpc"),
            ("sync/base/a.cc", '"vigil/v1/record.pb.h"', "protobuf"),
            ("sync/engine/a.cc", "<thread>", "threads"),
            ("sync/rules/a.cc", "<fstream>", "io"),
            ("sync/replica/a.cc", '"gtest/gtest.h"', "testing"),
        ):
            self.assert_refused(path, include, f"may not include {group}")

    def test_rules_have_no_clock_and_no_randomness(self) -> None:
        for include in ('"sync/base/executor.h"', '"sync/base/random.h"', "<random>",
                        '"absl/time/clock.h"'):
            self.assert_refused("sync/rules/a.cc", include, "sync/rules may not include")

    def test_refuses_threads_however_they_come(self) -> None:
        for folder in layering.THREADLESS:
            found = self.reasons(f"{folder}/a.cc", "void F() {\n  std::thread t([] {});\n}\n")
            self.assertEqual(found, [f"{folder} starts no thread"])
        self.assertEqual(self.reasons("sync/base/b.cc", "// std::thread is not for us.\n"), [])

    def test_denies_by_default(self) -> None:
        self.assert_refused("sync/newcomer/a.cc", "<string>", "not in the layering table")
        self.assert_refused("server/newcomer/a.cc", "<string>", "not in the layering table")
        self.assert_refused("sync/base/a.cc", '"boost/optional.hpp"', "lies in no folder")
        self.assert_refused("sync/base/b.cc", '"status.h"', "lies in no folder")
        self.assert_refused("sync/base/c.cc", '"../rules/judge.h"', "lies in no folder")

    def test_slow_headers_stand_in_one_file(self) -> None:
        self.plant("sync/cli/a.cc", '#include "CLI/CLI.hpp"\n')
        self.assertEqual(self.reasons("sync/cli/b.cc", '#include "CLI/CLI.hpp"\n'),
                         ["cli11 stands in one file only, see sync/cli/a.cc"])

    def test_allows_what_the_design_allows(self) -> None:
        for path, text in (
            ("sync/sqlite/a.cc", '#include <sqlite3.h>\n#include "sync/base/status.h"\n'),
            ("sync/rules/a.cc", '#include <string>\n#include "vigil/v1/record.pb.h"\n'),
            ("sync/transport/a.cc", '#include "vigil/v1/sync_service.grpc.pb.h"\n'),
            ("server/register/a.cc", '#include "server/store/store.h"\n'),
            ("server/vigild.cc", '#include "server/service/server.h"\n'),
            ("tests/support/sim_vfs.cc", "#include <sqlite3.h>\n"),
            ("tests/unit/sync/rules/a_test.cc", '#include "sync/rules/judge.h"\n'),
            ("tests/integration/a_test.cc", '#include "grpcpp/grpcpp.h"\n'),
        ):
            self.assertEqual(self.reasons(path, text), [], path)

    def test_table_has_no_cycle(self) -> None:
        def reach(folder: str, path: tuple[str, ...]) -> None:
            self.assertNotIn(folder, path)
            for below in layering.ALLOWED.get(folder, ()):
                reach(below, (*path, folder))

        for folder in layering.ALLOWED:
            reach(folder, ())

    def test_table_keeps_the_two_sides_apart(self) -> None:
        for folder, allowed in layering.ALLOWED.items():
            if folder.startswith("sync/"):
                self.assertFalse([a for a in allowed if a.startswith("server")], folder)
            if folder.startswith("server"):
                self.assertNotIn("sync/replica", allowed)


if __name__ == "__main__":
    unittest.main()
