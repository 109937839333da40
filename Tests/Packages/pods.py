#!/usr/bin/env python3
"""Runs the pods of a manifest on this host, and checks what the job promises.

usage: pods.py MANIFEST ROOT DATA

MANIFEST is the output of `atelier manifest kubernetes --data-claim … -- train …`, ROOT a root file system with
atelier, DATA the content of the data claim. Each pod has a network namespace, a mount and a process namespace of its
own, and the command, variables, user, volumes and read-only root of its specification. A replaced pod has another
address, as on Kubernetes. Requires root, iproute2, bubblewrap, and PyYAML. Prints "N passed, 0 failed".
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import yaml

PATIENCE = 240  # seconds after which a wait has failed


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"timeout: {what}"
        time.sleep(0.1)


class Cluster:
    def __init__(self, manifest, root, data, folder):
        self.root, self.folder = root, pathlib.Path(folder)
        documents = {d["kind"]: d for d in yaml.safe_load_all(open(manifest))}
        self.job, self.secret = documents["Job"], documents["Secret"]
        self.name = self.job["metadata"]["name"]
        assert documents["Service"]["metadata"]["name"] == self.job["spec"]["template"]["spec"]["subdomain"]
        self.volumes = {"runs": self.folder / "runs", "data": pathlib.Path(data)}
        self.volumes["runs"].mkdir()
        os.chown(self.volumes["runs"], 65532, 65532)
        # A container runtime creates the points at which it mounts.
        for mount in self.job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]:
            (pathlib.Path(root) / mount["mountPath"][1:]).mkdir(exist_ok=True)
        (pathlib.Path(root) / "etc/hosts").touch()
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.addresses = {}
        self.last_address = 1
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "link", "set", "bridge", "up")

    def resolve(self, index, address):
        """Sets the address that the headless Service gives for a pod; without one, the name is unknown."""
        self.addresses[index] = address
        lines = [f"{a} {self.name}-{i}.{self.name} {self.name}-{i}\n" for i, a in self.addresses.items() if a]
        # In place, because the file is mounted into the pods.
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(lines))


class Pod:
    def __init__(self, cluster, index):
        self.cluster, self.index = cluster, index
        self.pod = cluster.job["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]
        cluster.last_address += 1
        self.address = f"10.77.0.{cluster.last_address}"
        self.namespace = f"pod-{cluster.last_address}"
        self.temporary = cluster.folder / self.namespace
        self.temporary.mkdir()
        os.chown(self.temporary, 65532, 65532)
        self.log = cluster.folder / f"{self.namespace}.log"
        link = f"veth{cluster.last_address}"
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        run("ip", "link", "set", link, "master", "bridge", "up")
        for command in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", self.namespace, *command.split())
        cluster.resolve(index, self.address)
        self.process = self.start(self.container["command"] + self.container["args"], open(self.log, "w"))

    def start(self, command, output):
        context, pod_context = self.container["securityContext"], self.pod["securityContext"]
        assert context["readOnlyRootFilesystem"] and context["capabilities"] == {"drop": ["ALL"]}
        words = ["ip", "netns", "exec", self.namespace, "bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc"]
        words += ["--unshare-uts", "--hostname", f"{self.cluster.name}-{self.index}"]
        words += ["--ro-bind", self.cluster.root, "/"]
        words += ["--dev", "/dev", "--proc", "/proc", "--ro-bind", str(self.cluster.hosts), "/etc/hosts"]
        for mount in self.container["volumeMounts"]:
            source = self.cluster.volumes.get(mount["name"], self.temporary)
            words += ["--ro-bind" if mount.get("readOnly") else "--bind", str(source), mount["mountPath"]]
        words += ["--chdir", self.container["workingDir"], "--clearenv"]
        for name, value in self.environment().items():
            words += ["--setenv", name, value]
        user, group = str(pod_context["runAsUser"]), str(pod_context["runAsGroup"])
        words += ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs"]
        words += ["--bounding-set", "-all", "--inh-caps", "-all"]
        # Kubernetes replaces `$$` in arguments by `$`.
        words += [word.replace("$$", "$") for word in command]
        return subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def environment(self):
        variables = {"PATH": "/usr/bin:/bin", "HOSTNAME": f"{self.cluster.name}-{self.index}"}
        variables["JOB_COMPLETION_INDEX"] = str(self.index)
        for entry in self.container["env"]:
            if "value" in entry:
                variables[entry["name"]] = entry["value"]
            else:
                reference = entry["valueFrom"]["secretKeyRef"]
                assert reference["name"] == self.cluster.secret["metadata"]["name"]
                variables[entry["name"]] = self.cluster.secret["stringData"][reference["key"]]
        return variables

    def probe(self, kind):
        assert self.process.poll() is None, f"pod {self.index} has ended: {self.text[-2000:]}"
        probe = self.container[kind]
        process = self.start(probe["exec"]["command"], subprocess.DEVNULL)
        return process.wait(timeout=PATIENCE) == 0

    def signal(self, number):
        """Sends a signal to the container's main process, which is the child of bwrap's init process."""
        process = self.process.pid
        while True:
            children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
            if not children or pathlib.Path(f"/proc/{process}/comm").read_text() == "atelier\n":
                break
            process = int(children[0])
        os.kill(process, number)

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        # The address disappears with the pod.
        subprocess.run(["ip", "netns", "delete", self.namespace], check=False)

    @property
    def text(self):
        return self.log.read_text()


def main(manifest, root, data, folder):
    cluster = Cluster(manifest, root, data, folder)
    count = cluster.job["spec"]["completions"]
    checks = 0

    def check(condition, what):
        nonlocal checks
        assert condition, what
        checks += 1
        print(f"ok: {what}", flush=True)

    pods = {}
    try:
        # The workers start first, while the coordinator's name is unknown.
        for index in range(1, count):
            pods[index] = Pod(cluster, index)
        for index in range(1, count):
            wait(lambda: pods[index].probe("startupProbe"), "a worker starts without a coordinator")
            check(not pods[index].probe("readinessProbe"), f"worker {index} is not ready without a coordinator")
        pods[0] = Pod(cluster, 0)
        for index, pod in pods.items():
            wait(lambda: pod.probe("readinessProbe"), f"pod {index} is ready")
            check(pod.probe("livenessProbe"), f"pod {index} is ready and alive")

        runs = cluster.volumes["runs"] / "runs"
        for name, number in (("SIGKILL", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
            known = {p: p.stat().st_mtime_ns for p in runs.glob("*/*checkpoint*")}
            wait(
                lambda: any(known.get(p) != p.stat().st_mtime_ns for p in runs.glob("*/*checkpoint*")),
                "a checkpoint is written")
            pods[0].signal(number)
            status = pods[0].process.wait(timeout=PATIENCE)
            check(status in (137, 143), f"the coordinator ends with status {status} after {name}")
            cluster.resolve(0, None)
            pods[0].remove()
            pods[0] = Pod(cluster, 0)
        # A worker is replaced as well.
        pods[1].signal(signal.SIGKILL)
        pods[1].process.wait(timeout=PATIENCE)
        pods[1].remove()
        pods[1] = Pod(cluster, 1)
        for index, pod in pods.items():
            status = pod.process.wait(timeout=PATIENCE)
            check(status == 0, f"pod {index} ends with status 0, not {status}:\n{pod.text[-2000:] if status else ''}")
        check("resum" in pods[0].text, "the coordinator has resumed the run")
        digests = re.findall(r"^digest +(\S+)", pods[0].text, re.MULTILINE)
        check(len(digests) == 1, "the coordinator prints the digest")
        alone = Pod.__new__(Pod)
        alone.__dict__.update(pods[0].__dict__)
        alone.environment = lambda: {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
        process = alone.start(["atelier"] + pods[0].container["args"] + ["--output", "/tmp/alone"], subprocess.PIPE)
        text = process.communicate(timeout=PATIENCE)[0].decode()
        check(digests == re.findall(r"^digest +(\S+)", text, re.MULTILINE), "one process computes the same digest")
    finally:
        for index, pod in pods.items():
            if sys.exc_info()[0]:
                print(f"--- pod {index}\n{pod.text[-3000:]}", file=sys.stderr)
            pod.remove()
    print(f"{checks} passed, 0 failed")


if __name__ == "__main__":
    if "ATELIER_PODS" not in os.environ:
        # A network and a mount namespace that end with this process.
        command = 'mount -t tmpfs none /run && mkdir /run/netns && exec "$@"'
        os.environ["ATELIER_PODS"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "sh", "-c", command, "sh", sys.executable, *sys.argv])
    temporary = tempfile.mkdtemp()
    os.chmod(temporary, 0o755)
    try:
        main(*sys.argv[1:], temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
