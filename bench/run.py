#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts Vesper's instructions under QEMU's -icount and holds them against bench/ceilings.

Every figure is a difference between two markers of bench/count.c, so it repeats exactly or
nearly so. A figure that cannot be had is printed as "not measured" and fails the run.

    bench/run.py            measure all, print the table, exit 1 where a ceiling is passed
    bench/run.py --payload  no Debian: only the programs of bench/*.S
    bench/run.py --devices  only disk and network (bench/devices.py)
    bench/run.py --markdown the same table for docs/benchmarks.md
    bench/run.py --verbose  show the split by mode (firmware, Vesper, guest) and QEMU's commands
"""

import argparse
import base64
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

import devices

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
OUT = os.path.join(BUILD, "bench")
DEBIAN = os.path.join(BUILD, "debian")
IMAGE = os.path.join(BUILD, "vesper.bin")
PLUGIN = os.path.join(OUT, "count.so")
VESPER = os.environ.get("VESPER", os.path.join(BUILD, "vesper"))
QEMU = "qemu-system-riscv64"
TOLERANCE = 1.02
# BusyBox's shell asks where the cursor is after each prompt.
PROMPT = r"# (\x1b\[6n)?$"
CC = "riscv64-unknown-elf-gcc"

# name, what it says in the table, marker of its start (the end is one more), rounds in payload.S
REGIONS = [
    ("loop", "empty loop", 2, 10000),
    ("base", "SBI base: get_spec_version", 4, 10000),
    ("set_timer", "SBI set_timer, hart without Sstc", 6, 10000),
    ("send_ipi", "SBI send_ipi to self", 8, 10000),
    ("sfence_vma", "SBI remote_sfence_vma to self", 10, 10000),
    ("fence_i", "SBI remote_fence_i to self", 12, 10000),
    ("hart_status", "SBI hart_get_status", 14, 10000),
    ("dbcn_write", "DBCN write_byte", 16, 10000),
    ("plic_load", "PLIC register load", 18, 10000),
    ("virtio_load", "virtio-mmio register load", 20, 10000),
    ("touch_4k", "first touch of a 4 KiB page", 22, 10000),
    ("touch_2m", "first touch of a 2 MiB block", 24, 32),
]
# The firmware's own part of these is not Vesper's to lower.
WITHOUT_FIRMWARE = {"set_timer"}

# The guests of bench/wake.S and bench/interrupt.S, by the bundle they are in.
AIA = "smaia=on,ssaia=on"
BUNDLES = {
    # name: (source, its defines, properties of the VM)
    "payload": ("payload.S", [], "cpus = <1>;"),
    "wake": ("wake.S", [], "cpus = <2>;"),
    "plic": ("interrupt.S", [], 'cpus = <1>; interrupt-controller = "plic";'),
    "aia": ("interrupt.S", ["-DAIA"], 'cpus = <1>; interrupt-controller = "aia";'),
}

# name, what it says in the table, marker of its start, operations between the markers, modes that count (None: all),
# and the run: bundle, -M, harts, -cpu
WAKES = [
    ("wake_own_timer", "WFI to wake by own timer, alone on its hart: Vesper's part", 40, 1000,
     ["HS"], ("wake", "virt", 1, "")),
    ("wake_shared_timer", "WFI to wake by own timer, hart shared", 42, 1000, None,
     ("wake", "virt", 1, "")),
    ("switch_vcpu", "send_ipi, WFI and switch of vCPUs on one hart", 44, 2000, None,
     ("wake", "virt", 1, "")),
    ("ipi_other_hart", "send_ipi to a vCPU that waits on its own hart: Vesper's part on both", 44, 2000, ["HS"],
     ("wake", "virt", 2, "")),
    ("ipi_other_hart_aia", "the same where Vesper's own IPIs need no firmware (IMSIC)", 44, 2000, ["HS", "M"],
     ("wake", "virt,aia=aplic-imsic,aia-guests=0", 2, AIA)),
    ("irq_plic", "device interrupt to the guest's handler, PLIC", 60, 1, None, ("plic", "virt", 1, "")),
    ("irq_imsic_soft", "the same, APLIC and software IMSIC", 60, 1, None,
     ("aia", "virt,aia=aplic-imsic,aia-guests=0", 1, AIA)),
    ("irq_imsic_file", "the same, APLIC and IMSIC guest file", 60, 1, None,
     ("aia", "virt,aia=aplic-imsic,aia-guests=7", 1, AIA)),
    ("msi_soft", "MSI to the guest's handler, software IMSIC", 62, 1, None,
     ("aia", "virt,aia=aplic-imsic,aia-guests=0", 1, AIA)),
    ("msi_file", "MSI to the guest's handler, IMSIC guest file: Vesper's part", 62, 1, ["HS"],
     ("aia", "virt,aia=aplic-imsic,aia-guests=7", 1, AIA)),
]

# A native kernel with the host's virtiofsd, which is not counted; measured once.
NATIVE_FS_READ = 7100

OTHERS = [
    ("boot", "Vesper's first instruction to the guest's first"),
    ("reset_to_guest", "reset to the guest's first instruction"),
    ("hs_to_first_process", "Vesper's own, guest entry to Debian's first process"),
    ("fs_read_4k", "virtio-fs 4 KiB sequential read, whole machine"),
    ("image_bytes", "image size, bytes"),
    ("own_memory_kib", "Vesper's own memory for one 512 MiB VM, KiB"),
]

VM_CONFIG = """/dts-v1/;
/ {
	compatible = "vesper,config";
	bench {
		compatible = "vesper,vm";
		memory-mib = <512>;
		transport = "mmio";
		%s
		kernel = "kernel";
		console { compatible = "vesper,console"; };
	};
};
"""

BUNDLE = """/dts-v1/;
/ {
	description = "benchmark";
	#address-cells = <1>;
	images {
		config { data = /incbin/("%s.dtb"); type = "flat_dt"; arch = "riscv"; compression = "none"; };
		kernel { data = /incbin/("%s.bin"); type = "kernel"; arch = "riscv"; os = "linux";
			 compression = "none"; load = <0>; entry = <0>; };
	};
	configurations {
		default = "conf";
		conf { fdt = "config"; };
	};
};
"""

verbose = False


class BenchError(Exception):
    pass


def command(*args, **kwargs):
    """Runs a build tool; its output is shown only when it fails."""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs)
    if done.returncode:
        raise BenchError("%s failed:\n%s" % (" ".join(args), done.stdout))
    return done.stdout


def write(name, text):
    with open(os.path.join(OUT, name), "w") as f:
        f.write(text)


def build():
    """The plugin, the marker program, and the payloads with their bundles."""
    os.makedirs(OUT, exist_ok=True)
    command("gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I.", "-shared", "-fPIC",
            "-fvisibility=hidden", "-o", PLUGIN, "bench/count.c", cwd=ROOT)
    target = ["-march=rv64gc", "-mabi=lp64d", "-nostdlib", "-static", "-Wl,--build-id=none"]
    command(CC, *target, "-Wl,-N,-s", "-o", os.path.join(OUT, "mark"), "bench/mark.S", cwd=ROOT)
    command(CC, *target, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-o",
            os.path.join(OUT, "requests"), "bench/requests.c", cwd=ROOT)
    for name, (source, defines, properties) in BUNDLES.items():
        command(CC, *target, *defines, "-I.", "-Wl,-Ttext=0x80200000", "-o",
                os.path.join(OUT, name + ".elf"), "bench/" + source, cwd=ROOT)
        command("riscv64-unknown-elf-objcopy", "-O", "binary", name + ".elf", name + ".bin", cwd=OUT)
        write(name + ".dts", VM_CONFIG % properties)
        write(name + ".its", BUNDLE % (name, name))
        command("dtc", "-q", "-O", "dtb", "-o", name + ".dtb", name + ".dts", cwd=OUT)
        command("mkimage", "-E", "-B", "1000", "-f", name + ".its", name + ".fit", cwd=OUT)


# ---- counters ----

def read_events(path):
    """count.c's lines as {"mark 4": {"M": n, ...}}; the first of each name counts."""
    events = {}
    with open(path) as f:
        for line in f:
            words = line.split()
            if not line.endswith("\n") or len(words) < 3:
                continue
            if words[0] == "error:":
                raise BenchError(line.strip())
            counters = {k: int(v) for k, v in (w.split("=") for w in words[2:])}
            events.setdefault(" ".join(words[:2]), counters)
    return events


def between(events, start, end):
    if start not in events or end not in events:
        return None
    return {mode: events[end][mode] - events[start][mode] for mode in events[end]}


def machine(cpu="rv64,h=true", board="virt", harts=1):
    return ["-M", board, "-cpu", cpu, "-smp", str(harts), "-m", "1G"]


def counting(path, harts=1):
    """QEMU 10.0.2 crashes with this plugin and several harts in one thread, which -icount asks for."""
    clock = ["-icount", "shift=0,sleep=off"] if harts == 1 else []
    return [*clock, "-plugin", "%s,out=%s" % (PLUGIN, path)]


def run_payload(title, last_mark, cpu, *boot, board="virt", harts=1):
    """Runs a payload to its end; returns its events and what the console said."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "counts")
        args = [QEMU, *machine(cpu, board, harts), *counting(path, harts), "-display", "none",
                "-monitor", "none", "-serial", "stdio", *boot]
        if verbose:
            print("+", " ".join(args))
        try:
            done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=120)
            output = done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as e:
            output = (e.stdout or b"").decode(errors="replace")
            print("%s: no end after 120 s; the console's tail:\n%s" % (title, output[-1500:]))
        events = read_events(path)
        if "mark %d" % last_mark not in events:
            print("%s: the payload did not finish; the console's tail:\n%s" % (title, output[-1500:]))
        return events, output


def region_costs(events):
    """{region: {mode: instructions per operation}}; a region that did not run is left out."""
    costs = {}
    for name, _, start, rounds in REGIONS:
        diff = between(events, "mark %d" % start, "mark %d" % (start + 1))
        if diff:
            costs[name] = {mode: n / rounds for mode, n in diff.items()}
    return costs


def vesper_boot(bundle):
    return ["-kernel", IMAGE, "-initrd",
            os.path.join(OUT, bundle + ".fit")]


def measure_wakes(results):
    """Each run once, for all that it tells."""
    runs = {}
    for *_, run in WAKES:
        if run not in runs:
            bundle, board, harts, cpu = run
            last = max(start for _, _, start, _, _, r in WAKES if r == run) + 1
            runs[run] = run_payload("%s on %s, %d harts" % (bundle, board, harts), last,
                                    ",".join(filter(None, ["rv64,h=true", cpu])),
                                    *vesper_boot(bundle), board=board, harts=harts)[0]
    for name, _, start, operations, modes, run in WAKES:
        diff = between(runs[run], "mark %d" % start, "mark %d" % (start + 1))
        if diff:
            results[name] = sum(n for m, n in diff.items() if not modes or m in modes) / operations
            if verbose:
                print_split("Vesper", {name: {m: n / operations for m, n in diff.items()}})


def total(name, cost):
    if cost is None:
        return None
    return sum(n for mode, n in cost.items() if not (mode == "M" and name in WITHOUT_FIRMWARE))


# ---- Debian, through the user's own command ----

class Terminal:
    """A program on a pseudo-terminal, with a deadline for everything."""

    def __init__(self, args, env):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(args[0], args, env)

    def expect(self, pattern, seconds):
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise BenchError("no %r within %d s; the console's tail:\n%s"
                                 % (pattern, seconds, self.text[-1500:]))
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise BenchError("ended before %r; the console's tail:\n%s"
                                 % (pattern, self.text[-1500:]))
            self.text += data.decode(errors="replace")

    def shell(self, line, seconds=120):
        """Runs one line in the guest's shell and waits for its end."""
        os.write(self.fd, (line + "; echo do''ne $?\r").encode())
        self.expect(r"done \d+\r*\n", seconds)

    def close(self):
        os.close(self.fd)
        for _ in range(100):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def install_wrapper(directory, counts):
    """A `qemu-system-riscv64` that adds the counting to whatever it is told."""
    real = command("sh", "-c", "command -v " + QEMU).strip()
    path = os.path.join(directory, QEMU)
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexec %s \"$@\" %s\n" % (real, " ".join(counting(counts))))
    os.chmod(path, 0o755)


def read_benchmark(term):
    """dd of a file that no cache holds, 256 and then 4,096 reads; the difference is reads alone."""
    with open(os.path.join(OUT, "mark"), "rb") as f:
        program = base64.b64encode(f.read()).decode()
    term.shell("echo %s | base64 -d > /mark && chmod +x /mark" % program)
    # The kernel goes on testing its own cryptography for a while after the boot.
    term.shell("sleep 60")
    term.shell("dd if=/dev/zero of=/data bs=1M count=16")
    for args, count in (("", 256), ("a a", 4096)):
        term.shell("echo 3 > /proc/sys/vm/drop_caches")
        term.shell("/mark %s; dd if=/data of=/dev/null bs=4k count=%d; /mark %s"
                   % (args, count, args + " a"))


def run_debian():
    with tempfile.TemporaryDirectory() as tmp:
        counts = os.path.join(tmp, "counts")
        install_wrapper(tmp, counts)
        env = dict(os.environ, PATH=tmp + ":" + os.environ["PATH"], TERM="dumb")
        term = Terminal([VESPER, "run", "--append", "quiet"], env)
        try:
            term.expect(PROMPT, 300)
            read_benchmark(term)
            os.write(term.fd, b"exit\r")
            term.expect(r"exit", 10)
            time.sleep(1)
        except BenchError as e:
            print("Debian: %s" % e)
        finally:
            term.close()
        return read_events(counts) if os.path.exists(counts) else {}


# ---- disk and network ----

# What a guest-page fault at an address is about.
PLACES = (("PLIC claim", "21@c201"), ("PLIC complete", "23@c201"), ("PLIC enable", "21@c002"))
INTERRUPTS = {"irq1": "software interrupt", "irq5": "timer", "irq9": "host interrupt"}


def exit_name(cause):
    """The plugin's name of a cause, as the table has it."""
    for name, place in PLACES:
        if cause == place:
            return name
    code, _, page = cause.partition("@")
    if 0x40000 <= int(page or "0", 16) < 0x80000:
        return "kick" if code == "23" else "ISR"
    return INTERRUPTS.get(cause, "other")


def exits_text(exits):
    """The causes of a request's exits, the most frequent first; what is rare is left out."""
    sums = {}
    for cause, n in exits.items():
        sums[exit_name(cause)] = sums.get(exit_name(cause), 0) + n
    often = [(name, n) for name, n in sorted(sums.items(), key=lambda s: -s[1]) if n >= sum(sums.values()) / 50]
    return ", ".join("%s %s" % (name, ("%.2f" % n).rstrip("0").rstrip(".")) for name, n in often)


def trap_entry():
    symbols = command("riscv64-unknown-elf-nm", os.path.join(BUILD, "vesper.elf"))
    return int(re.search(r"(?m)^(\w+) \w trap_entry$", symbols).group(1), 16)


def measure_devices(results):
    """Ratios and exits into `results`; returns the rows of the table."""
    devices.build(OUT, DEBIAN)
    rows = []
    for machine_name in devices.MACHINES:
        native = devices.costs(devices.native(machine_name, OUT, DEBIAN, PLUGIN))
        guest = devices.costs(devices.guest(machine_name, OUT, VESPER, PLUGIN, IMAGE, trap_entry()))
        for name, label, _, _, goal in devices.ROWS:
            if name not in native or name not in guest:
                continue
            (own, exits), base = guest[name], sum(native[name][0].values())
            ratio, n = sum(own.values()) / base, sum(exits.values())
            results["%s_%s" % (name, machine_name)] = ratio
            results["%s_%s_hs" % (name, machine_name)] = own.get("HS", 0)
            results["%s_%s_exits" % (name, machine_name)] = n
            rows.append(["%s, %s" % (label, machine_name.upper()), figure(base), figure(sum(own.values())),
                         figure(own.get("HS", 0)), "%.3f" % ratio, "%.2f" % goal, "%.2f" % n, exits_text(exits)])
    return [["request", "native", "VM", "Vesper's own", "ratio", "goal", "exits", "which"], *rows]


# ---- the rest, the table, the ceilings ----

def measure_others(results, console, debian_events):
    boot = between(debian_events, "first HS", "first VS")
    if boot:
        results["boot"] = sum(boot.values())
        results["reset_to_guest"] = sum(debian_events["first VS"].values())
    first = between(debian_events, "first VS", "first VU")
    if first:
        results["hs_to_first_process"] = first["HS"]
    few = between(debian_events, "mark 100", "mark 101")
    many = between(debian_events, "mark 102", "mark 103")
    if few and many:
        results["fs_read_4k"] = (sum(many.values()) - sum(few.values())) / (4096 - 256)
    if os.path.exists(IMAGE):
        results["image_bytes"] = os.path.getsize(IMAGE)
    own = re.search(r"Vesper's own memory: (\d+) KiB", console)
    if own:
        results["own_memory_kib"] = int(own.group(1))


def read_ceilings():
    ceilings = {}
    with open(os.path.join(BENCH, "ceilings")) as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                ceilings[words[0]] = float(words[1])
    return ceilings


def figure(n):
    if n is None:
        return "-"
    return "{:,.0f}".format(n) if n >= 100 else "{:,.1f}".format(n).replace(".0", "")


def table_rows(results, native, ceilings):
    with open(os.path.join(BENCH, "peers.json")) as f:
        peers = json.load(f)
    rows = [["operation", "native", "Vesper", "ceiling", *peers["systems"]]]
    for name, label in [row[:2] for row in REGIONS + WAKES] + OTHERS:
        own = figure(results[name]) if name in results else "not measured"
        others = peers["figures"].get(name, [None] * len(peers["systems"]))
        rows.append([label, figure(native.get(name)), own, figure(ceilings.get(name)),
                     *map(figure, others)])
    return rows


def print_table(rows, markdown):
    for i, row in enumerate(rows):
        if markdown:
            print("| " + " | ".join(row) + " |")
            if i == 0:
                print("|---|" + "---:|" * (len(row) - 1))
        else:
            print(("%-80s" + "%14s" * (len(row) - 1)) % tuple(row) if len(row) < 8
                  else ("%-48s" + "%13s" * 6 + "  %s") % tuple(row))


def print_split(title, costs):
    for name, cost in costs.items():
        modes = " ".join("%s %.1f" % (m, n) for m, n in cost.items() if n)
        print("  %s %s: %s" % (title, name, modes))


def check(results, ceilings):
    failures = 0
    for name, ceiling in ceilings.items():
        if name not in results:
            print("FAIL %s: not measured" % name)
        elif results[name] > ceiling * TOLERANCE:
            print("FAIL %s: %.5g, the ceiling is %.5g" % (name, results[name], ceiling))
        else:
            continue
        failures += 1
    return failures


def measure_payloads(results):
    """Returns the native figures and what Vesper's console said."""
    last = REGIONS[-1][2] + 1
    native_events, _ = run_payload("native", last, "rv64,h=true", "-kernel",
                                   os.path.join(OUT, "payload.bin"))
    native_costs = region_costs(native_events)
    vesper = vesper_boot("payload")
    events, console = run_payload("Vesper", last, "rv64,h=true", *vesper)
    costs = region_costs(events)
    no_sstc = region_costs(run_payload("Vesper, no Sstc", last, "rv64,h=true,sstc=off", *vesper)[0])
    costs["set_timer"] = no_sstc.get("set_timer")
    if verbose:
        print_split("native", native_costs)
        print_split("Vesper", {n: c for n, c in costs.items() if c})
    results.update({name: total(name, cost) for name, cost in costs.items() if cost})
    measure_wakes(results)
    native = {name: sum(cost.values()) for name, cost in native_costs.items()}
    native["fs_read_4k"] = NATIVE_FS_READ
    return native, console


def asked_for(ceilings, options):
    """Those of what was measured."""
    of_devices = {n for n in ceilings if n.startswith(tuple(row[0] + "_" for row in devices.ROWS))}
    if options.devices:
        return {n: ceilings[n] for n in of_devices}
    if not options.payload:
        return ceilings
    left_out = of_devices | {"boot", "reset_to_guest", "hs_to_first_process", "fs_read_4k"}
    return {n: c for n, c in ceilings.items() if n not in left_out}


def main():
    global verbose
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payload", action="store_true", help="no Debian")
    parser.add_argument("--devices", action="store_true", help="only disk and network")
    parser.add_argument("--markdown", action="store_true", help="the table of docs/benchmarks.md")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    verbose = options.verbose
    os.chdir(ROOT)
    build()

    results, ceilings = {}, read_ceilings()
    if not options.devices:
        native, console = measure_payloads(results)
        measure_others(results, console, {} if options.payload else run_debian())
        print_table(table_rows(results, native, ceilings), options.markdown)
    if not options.payload:
        print_table(measure_devices(results), options.markdown)
    failures = check(results, asked_for(ceilings, options))
    print("bench: %s" % ("%d failed" % failures if failures else "all within their ceilings"))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as e:
        sys.exit("bench: %s" % e)
