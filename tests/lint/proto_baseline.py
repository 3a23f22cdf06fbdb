#!/usr/bin/python3
"""The released contract is the baseline: nothing in it may break, its options included.

  proto_baseline.py --check    refuses what `buf breaking` refuses, and a changed option
  proto_baseline.py --update   makes the contract of now the released one

`buf breaking` does not see options. But a changed policy, rank or authority makes two programs
merge or permit differently, so every custom option of an element that was released must stay.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

import buf
import lint

BASELINE = pathlib.Path(__file__).resolve().parent / "proto_baseline.binpb"

# Where Debian has google/protobuf/*.proto. protoc finds it alone only where /proc is mounted.
SYSTEM_PROTOS = "/usr/include"


def compile_contract(folder: pathlib.Path) -> descriptor_pb2.FileDescriptorSet:
    protos = sorted(str(path) for path in folder.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        output = pathlib.Path(scratch) / "contract.binpb"
        subprocess.run(["protoc", f"--proto_path={folder}", f"--proto_path={SYSTEM_PROTOS}",
                        "--include_imports", f"--descriptor_set_out={output}", *protos],
                       check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    for file in files.file:
        file.source_code_info.SetInParent()  # buf insists on it, and an empty one is enough.
    return files


class OptionReader:
    """Turns a contract's options into text by that contract's own extensions."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet) -> None:
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self._pool.AddSerializedFile(file.SerializeToString())
        self._factory = message_factory.MessageFactory(self._pool)
        # Only files that were asked for register their extensions.
        self._factory.GetMessages([file.name for file in files.file])

    def custom(self, options) -> dict[str, str]:
        """Extension's name: its value as text."""
        descriptor = self._pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        typed = self._factory.GetPrototype(descriptor)()
        typed.MergeFromString(options.SerializeToString())
        return {
            field.full_name: text_format.MessageToString(value, as_one_line=True)
            if field.message_type else str(value)
            for field, value in typed.ListFields() if field.is_extension
        }


def elements(files: descriptor_pb2.FileDescriptorSet) -> Iterator[tuple[str, object]]:
    """(name, options) of everything of ours that can carry options. Fields go by number."""

    def of_enum(scope: str, enum) -> Iterator[tuple[str, object]]:
        name = f"{scope}.{enum.name}"
        yield f"enum {name}", enum.options
        for value in enum.value:
            yield f"value {name}.{value.name}", value.options

    def of_message(scope: str, message) -> Iterator[tuple[str, object]]:
        name = f"{scope}.{message.name}"
        yield f"message {name}", message.options
        for field in message.field:
            yield f"field {name}.{field.name} = {field.number}", field.options
        for oneof in message.oneof_decl:
            yield f"oneof {name}.{oneof.name}", oneof.options
        for enum in message.enum_type:
            yield from of_enum(name, enum)
        for nested in message.nested_type:
            yield from of_message(name, nested)

    for file in files.file:
        if file.package.startswith("google."):
            continue
        for enum in file.enum_type:
            yield from of_enum(file.package, enum)
        for message in file.message_type:
            yield from of_message(file.package, message)
        for service in file.service:
            yield f"service {file.package}.{service.name}", service.options
            for method in service.method:
                yield f"method {file.package}.{service.name}.{method.name}", method.options


def options_of(files: descriptor_pb2.FileDescriptorSet) -> dict[str, dict[str, str]]:
    reader = OptionReader(files)
    return {name: reader.custom(options) for name, options in elements(files)}


def changed_options(released: descriptor_pb2.FileDescriptorSet,
                    current: descriptor_pb2.FileDescriptorSet) -> list[str]:
    """What changed on elements that both have; what was removed is buf's to refuse."""
    before, after = options_of(released), options_of(current)
    problems = []
    for name in sorted(before.keys() & after.keys()):
        for option in sorted(before[name].keys() | after[name].keys()):
            old, new = before[name].get(option), after[name].get(option)
            if old != new:
                problems.append(f"{name}: option {option} was {{{old}}}, is {{{new}}}")
    return problems


def check(folder: pathlib.Path, baseline: pathlib.Path) -> int:
    if not baseline.exists():
        print(f"{baseline} is missing: proto_baseline.py --update makes it", file=sys.stderr)
        return 1
    released = descriptor_pb2.FileDescriptorSet.FromString(baseline.read_bytes())
    breaking = buf.run("breaking", str(folder), "--against", str(baseline), "--exclude-imports")
    problems = (breaking.stdout + breaking.stderr).splitlines()
    problems += changed_options(released, compile_contract(folder))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"proto_baseline: {len(options_of(released))} elements checked, "
          f"{len(problems)} problems")
    return 1 if problems or breaking.returncode != 0 else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proto", type=pathlib.Path, default=lint.ROOT / "proto")
    parser.add_argument("--baseline", type=pathlib.Path, default=BASELINE)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--update", action="store_true")
    args = parser.parse_args()
    if args.update:
        args.baseline.write_bytes(compile_contract(args.proto).SerializeToString())
        return 0
    return check(args.proto, args.baseline)


if __name__ == "__main__":
    sys.exit(main())
