"""The meshes under test: profiles, embedded clusters that have to be started, preflight, and clean-up at the end."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster, fault_arguments
from pytest_smi.doctor.detection import AUTO, detect
from pytest_smi.doctor.preflight import Findings, claimed_versions, inspect
from pytest_smi.errors import SmiError, UsageProblem
from pytest_smi.profiles.load import Profile
from pytest_smi.profiles.registry import all_profiles, find_profile
from pytest_smi.session.option_values import MeshChoice
from pytest_smi.session.options import Options
from pytest_smi.smi.conversion_notes import header_form, version_notes
from pytest_smi.smi.negotiation import Variant, plan, together
from pytest_smi.testbed.cleanup import delete_run, kept_namespaces
from pytest_smi.testbed.placement import Placement, read_placement
from pytest_smi.testbed.target import MeshTarget

# What the embedded reference mesh is told when versions are asked for: without, it serves those of the last release.
_EVERY_VERSION = ("--persona", "all-versions")


class Targets:
    """What the options name. Raises UsageProblem or ProfileError for what cannot be meant; nothing is started yet."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.wanted = together(options.versions)
        _refuse_twice(options.meshes)
        self.profiles: dict[str, Profile] = {
            str(choice): find_profile(choice.name, options.profiles) for choice in options.meshes if choice.name != AUTO
        }
        """By name of the target; what `--mesh auto` stands for is added by `connect`."""
        # A context, like a kubeconfig, names a cluster that is there already.
        clusterless = {str(choice) for choice in options.meshes if not (choice.context or options.kubeconfig)}
        self._embedded = {
            name for name, profile in self.profiles.items() if profile.provider == "embedded" and name in clusterless
        }
        self._placement = read_placement(
            options.node_selector, options.tolerations, options.pull_secret, image=options.image or SAMPLE_APP_IMAGE
        )
        if options.fault and not self._embedded:
            raise UsageProblem(
                "--smi-fault is for the embedded reference mesh",
                hint="use --mesh=reference without --kubeconfig, or leave the fault out",
            )
        if options.keep and self._embedded:
            raise UsageProblem(
                "--smi-keep keeps nothing: the embedded cluster ends with the run",
                hint="start one that stays with 'pytest-smi reference up', then add --kubeconfig=FILE",
            )
        if (
            self._embedded
            and len(self._embedded) == len(options.meshes)
            and (options.image or self._placement != Placement())
        ):
            raise UsageProblem(
                "--smi-image, --smi-pull-secret, --smi-node-selector and --smi-toleration are for clusters; "
                "the embedded one has no nodes",
                hint="leave them out, or name a cluster with --kubeconfig=FILE",
            )
        self._fault_arguments = fault_arguments(options.fault)
        self.run = secrets.token_hex(8)
        """Random name of the run; its namespaces carry it."""
        self.reached: dict[str, MeshTarget] = {}
        self.findings: dict[str, Findings] = {}
        self.kept: list[str] = []
        """With `--smi-keep`, after `clean_up`: namespaces that were left, each with the cluster it is in."""
        self._clusters: list[EmbeddedCluster] = []

    def connect(self) -> None:
        """Start what has to be started and look at every target; on an error nothing stays running. Raises SmiError."""
        try:
            for choice in self.options.meshes:
                if choice.name == AUTO:
                    choice = self._detected(choice)
                self._connect(str(choice), choice.context)
        except BaseException:
            self.stop()
            raise

    def header(self) -> list[str]:
        """Return the lines of the run's header: each mesh, what is tested of it, and what ought to be known."""
        lines = []
        for name, found in self.findings.items():
            apis = ", ".join(f"{api} {version}" for api, version in found.versions.items()) or "none"
            lines.append(f"mesh: {name} {found.mesh_version} on Kubernetes {found.kubernetes}")
            target = self.reached[name]
            lines.append(f"SMI APIs: {apis}" + (f"; fault: {self.options.fault}" if target.faulty else ""))
            lines += [f"note: {note}" for note in target.notes]
            if not target.variant:  # every version of a mesh was looked at once
                lines += [f"{item.level}: {item.check}: {item.found}\n  fix: {item.remedy}" for item in found.warnings]
        return lines

    def nonce(self, name: str) -> str:
        """Return what tells this run of a mesh from every other: the run's name, unless several meshes share it."""
        return self.run if len(self.reached) == 1 else f"{self.run}-{list(self.reached).index(name)}"

    def clean_up(self) -> list[str]:
        """Delete what interrupted workers may have left, and stop embedded clusters; returns what could not be done."""
        problems = []
        cleaned = set()
        for name, target in self.reached.items():
            cluster = (target.kubeconfig, target.context)
            if target.name in self._embedded or cluster in cleaned:
                continue
            cleaned.add(cluster)
            try:
                if self.options.keep:
                    self.kept += kept_namespaces(target.kubeconfig, target.context, self.run)
                    continue
                delete_run(target.kubeconfig, target.context, self.run, target.limits)
            except SmiError as error:
                problems.append(f"clean-up of {name} is incomplete: {error}; run: pytest-smi clean")
        self.stop()
        return problems

    def stop(self) -> None:
        """Stop embedded clusters."""
        while self._clusters:
            self._clusters.pop().stop()

    def _detected(self, choice: MeshChoice) -> MeshChoice:
        connection = Connection(self.options.kubeconfig, choice.context)
        try:
            profile = detect(connection, all_profiles(self.options.profiles))
        finally:
            connection.close()
        found = MeshChoice(name=profile.name, context=choice.context)
        if str(found) in self.profiles:
            raise UsageProblem(f"--mesh auto finds {found}, which is named already", hint="leave one of them out")
        self.profiles[str(found)] = profile
        return found

    def _connect(self, name: str, context: str | None) -> None:
        profile = self.profiles[name]
        kubeconfig = self.options.kubeconfig
        if name in self._embedded:
            cluster = EmbeddedCluster([*self._fault_arguments, *(_EVERY_VERSION if self.options.versions else ())])
            self._clusters.append(cluster)
            kubeconfig, context = cluster.kubeconfig, None
        connection = Connection(kubeconfig, context)
        found = inspect(
            connection,
            profile,
            apis=self.options.apis,
            wanted=self.wanted.versions,
            other_meshes=None if name in self._embedded else all_profiles(self.options.profiles),
            pull_secret=self.options.pull_secret is not None,
            lenient=self.options.fault is not None and name in self._embedded,
        )
        connection.close()
        for variant in plan(
            claimed_versions(profile), found.served, self.wanted, self.options.apis, stored=profile.stored
        ):
            self._add(name, variant, found, kubeconfig, context)

    def _add(self, mesh: str, variant: Variant, found: Findings, kubeconfig: Path | None, context: str | None) -> None:
        chosen, profile, embedded = variant.negotiated, self.profiles[mesh], mesh in self._embedded
        target = MeshTarget(
            name=mesh,
            variant=variant.label,
            profile=profile,
            versions=chosen.versions,
            absent=chosen.absent,
            stored=chosen.stored,
            headers=header_form(found.definitions, chosen.written),
            limits=profile.limits.scaled(self.options.timeout),
            image=SAMPLE_APP_IMAGE if embedded else self.options.image or SAMPLE_APP_IMAGE,
            run=self.run,
            apis=variant.apis,
            kubeconfig=str(kubeconfig) if kubeconfig else None,
            context=context,
            keep=self.options.keep,
            placement=Placement() if embedded else self._placement,
            notes=(*chosen.notes, *version_notes(found.definitions, chosen.written)),
            faulty=embedded and self.options.fault is not None,
            began=found.began,
        )
        self.findings[target.label] = replace(found, versions=chosen.versions, absent=chosen.absent)
        self.reached[target.label] = target


def _refuse_twice(choices: Sequence[MeshChoice]) -> None:
    for choice in choices:
        if choices.count(choice) > 1:
            raise UsageProblem(
                f"--mesh {choice} is given twice",
                hint=f"name another cluster by its kubeconfig context: --mesh {choice.name}@CONTEXT",
            )
