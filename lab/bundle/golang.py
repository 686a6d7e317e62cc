# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build static binaries from public Go modules and from the lab's own small programs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .command import Runner
from .errors import BuildError
from .table import Component, GoSource
from .toolchain import Go

MODULE_NAME = "lab.invalid/component"
DOWNLOAD_TIMEOUT_SECONDS = 900
BUILD_TIMEOUT_SECONDS = 3600
ADVICE = (
    "a module that cannot be fetched: try the neighbouring version in lab/components.yaml; a killed compiler: "
    "free some memory. Then run the same command again; finished work is kept."
)
STAGING_REPLACE = re.compile(r"^\s*(?:replace\s+)?(\S+)\s+=>\s+\./staging/", re.MULTILINE)


@dataclass(frozen=True)
class GoBuilder:
    """Runs the go command for one component."""

    go: Go
    architecture: str
    runner: Runner

    def build_module(self, component: Component, files: Path) -> None:
        """Build every output of a component that is a public module."""
        source = component.go
        assert source is not None
        module = files.parent / "module"
        module.mkdir()
        version = f"v{component.version}"
        directory = self._download(module, f"{source.module}@{version}")
        text = go_mod(source, version, self._language(), staging_modules(directory) if source.staging else ())
        (module / "go.mod").write_text(text, encoding="utf-8")
        targets = {name: package_path(source.module, package) for name, package in source.outputs.items()}
        if source.without_imports:
            targets = {name: self._own_main(module, directory, source, name) for name in source.outputs}
        self._build(module, targets, source.stamps, files)

    def build_program(self, sources: Path, name: str, version: str, files: Path) -> None:
        """Build one of the lab's own programs."""
        module = files.parent / "module"
        shutil.copytree(sources, module)
        (module / "go.mod").write_text(f"module {MODULE_NAME}\n\ngo {self._language()}\n", encoding="utf-8")
        self._build(module, {name: "."}, {"main.version": version}, files)

    def _language(self) -> str:
        return ".".join(self.go.release.split(".")[:2]) + ".0"

    def _environment(self) -> dict[str, str]:
        return {
            "CGO_ENABLED": "0",
            "GOARCH": self.architecture,
            "GOOS": "linux",
            "GOFLAGS": "-mod=mod -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def _go(self, module: Path, arguments: Iterable[str], timeout: float) -> str:
        command = [self.go.command, *arguments]
        return self.runner.run(command, cwd=module, environment=self._environment(), timeout=timeout, advice=ADVICE)

    def _download(self, module: Path, query: str) -> Path:
        (module / "go.mod").write_text(f"module {MODULE_NAME}\n\ngo {self._language()}\n", encoding="utf-8")
        output = self._go(module, ["mod", "download", "-json", query], DOWNLOAD_TIMEOUT_SECONDS)
        match = re.search(r'"Dir": "([^"]+)"', output)
        if match is None:
            raise BuildError(f"{self.runner.component}: `go mod download {query}` named no folder:\n{output}")
        return Path(match.group(1))

    def _own_main(self, module: Path, directory: Path, source: GoSource, name: str) -> str:
        """Copy a main package, less some blank imports, to leave out what cannot be built without cgo."""
        target = module / name
        target.mkdir()
        for path in sorted((directory / source.outputs[name]).glob("*.go")):
            if not path.name.endswith("_test.go"):
                text = path.read_text(encoding="utf-8")
                (target / path.name).write_text(drop_imports(text, source.without_imports), encoding="utf-8")
        return f"./{name}"

    def _build(self, module: Path, targets: Mapping[str, str], stamps: Mapping[str, str], files: Path) -> None:
        flags = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in sorted(stamps.items()))])
        common = ["build", "-trimpath", "-ldflags", flags, "-o"]
        if len(targets) > 1:
            # One command for all of them compiles side by side what they share; the loop then only links.
            scratch = module / "out"
            scratch.mkdir()
            self._go(module, [*common, f"{scratch}/", *sorted(targets.values())], BUILD_TIMEOUT_SECONDS)
            for name, target in targets.items():
                shutil.move(scratch / target.rsplit("/", 1)[-1], files / name)
        else:
            for name, target in targets.items():
                self._go(module, [*common, str(files / name), target], BUILD_TIMEOUT_SECONDS)
        for name in targets:
            (files / name).chmod(0o755)


def package_path(module: str, package: str) -> str:
    """The import path of a command below a module."""
    return module if package == "." else f"{module}/{package}"


def go_mod(source: GoSource, version: str, language: str, staging: Iterable[str]) -> str:
    """The go.mod of a throw-away module that needs one component."""
    lines = [f"module {MODULE_NAME}", "", f"go {language}", ""]
    lines += [f"tool {package_path(source.module, package)}" for package in sorted(source.outputs.values())]
    lines += ["", f"require {source.module} {version}"]
    lines += [f"require {module} {wanted}" for module, wanted in sorted(source.requires.items())]
    lines += [f"replace {module} => {module} {source.staging}" for module in sorted(staging)]
    lines += [f"replace {module} => {target}" for module, target in sorted(source.replaces.items())]
    return "\n".join(lines) + "\n"


def staging_modules(directory: Path) -> list[str]:
    """The modules that a module replaces by folders of its own (which its users do not have)."""
    return STAGING_REPLACE.findall((directory / "go.mod").read_text(encoding="utf-8"))


def drop_imports(text: str, imports: Iterable[str]) -> str:
    """Remove blank imports from a Go file."""
    unwanted = tuple(f'_ "{path}"' for path in imports)
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith(unwanted))
