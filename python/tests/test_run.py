"""Run: its records, its page, its folder, and how it is continued."""

import html
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

try:
    import numpy as np
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}") from missing

import tacetnn as tn
from tacetnn import record
from tacetnn._program import program
from tacetnn.folder import Folder

try:
    TACET = program()
except FileNotFoundError as missing:
    raise unittest.SkipTest(str(missing))

RANDOM = np.random.default_rng(3)
X = RANDOM.standard_normal((400, 6), dtype=np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
LAYERS = "linear 16 | relu | batch_norm | dropout 0.2 | linear 2"
SETTINGS = {"loss": "cross_entropy", "optimizer": "adam lr=0.01 schedule=cosine",
            "penalties": {"relu1": "l1 density=0.3", "linear1.weight": ["l1 1e-4 prox", "l2 1e-3"]}, "metrics": "f1"}
FIT = {"epochs": 4, "batch": 50, "validation": 0.2, "log": 3, "progress": False}


def network(**settings):
    return tn.Network(LAYERS, input=6, **SETTINGS | settings)


def lines_of(folder):
    with open(os.path.join(folder, "metrics.jsonl")) as f:
        return [json.loads(line) for line in f]


def content(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def untimed(lines):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def same(a, b):
    return all(np.array_equal(b.state_dict()[k], v) for k, v in a.state_dict().items())


def tacet(*args):
    return subprocess.run([TACET, *map(str, args)], capture_output=True, text=True)


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def size(self, *names):
        return os.path.getsize(self.at(*names)) if os.path.exists(self.at(*names)) else 0

    def at(self, *names):
        return os.path.join(self.folder, *names)


class Records(InFolder):
    def test_they_are_those_of_the_program(self):
        np.save(self.at("x.npy"), X)
        np.save(self.at("y.npy"), Y)
        config = {"model": LAYERS, **SETTINGS, "data": f"npy x={self.at('x.npy')} y={self.at('y.npy')}",
                  "train": {"epochs": 4, "batch": 50, "validate": 0.2, "log": 3}}
        with open(self.at("c.yaml"), "w") as f:
            f.write(record.yaml(config))
        done = tacet("train", self.at("c.yaml"), "--out", self.at("theirs"), "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        run = network().fit(X, Y, out=self.at("ours"), **FIT)
        theirs = lines_of(self.at("theirs"))
        self.assertEqual(untimed(run.ledger), untimed(line for line in theirs if "layers" in line))
        self.assertEqual(run.steps_log, [line for line in theirs if "layers" not in line])
        self.assertEqual(untimed(lines_of(self.at("ours"))), untimed(theirs))
        self.assertEqual(content(self.at("ours", "metrics.jsonl")).split(b"\n")[0],
                         content(self.at("theirs", "metrics.jsonl")).split(b"\n")[0])
        configs = [content(self.at(name, "config.yaml")).decode() for name in ("ours", "theirs")]
        lines = [{line for line in text.splitlines() if line[0] != "#" and "data:" not in line} for text in configs]
        self.assertEqual(*lines)
        mine, other = (json.loads(content(self.at(name, "run.json"))) for name in ("ours", "theirs"))
        for key in ("state", "machine", "rows", "input", "steps_per_epoch", "network", "metric", "metrics"):
            self.assertEqual(mine[key], other[key], key)
        mine, other = mine["figures"], other["figures"]
        self.assertGreater(mine.pop("step_us"), 0)
        del other["step_us"]
        self.assertEqual(mine, other)

    def test_defaults_are_those_of_the_program(self):
        np.save(self.at("x.npy"), X)
        with open(self.at("c.yaml"), "w") as f:
            f.write(f"model: linear 6\nloss: mse\noptimizer: sgd lr=0.1\ntarget: x\ndata: npy x={self.at('x.npy')}\n")
        done = tacet("train", self.at("c.yaml"), "--out", self.at("theirs"), "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        network = tn.Network("linear 6", input=6, loss="mse", optimizer="sgd lr=0.1", target="x")
        run = network.fit(X, progress=False, out=self.at("ours"))
        configs = [content(self.at(name, "config.yaml")).decode().splitlines() for name in ("ours", "theirs")]
        differ = {line.split(":")[0] for line in set(configs[0]) ^ set(configs[1]) if line[0] != "#"}
        self.assertEqual(differ, {"data"})
        self.assertEqual((run.epoch, network.threads), (10, len(os.sched_getaffinity(0))))

    def test_data_with_a_test_part(self):
        where = self.at("mnist")
        os.mkdir(where)
        for name, rows in (("train", 60), ("t10k", 20)):
            for kind, a in (("images-idx3", RANDOM.integers(0, 256, (rows, 4, 4), dtype=np.uint8)),
                            ("labels-idx1", RANDOM.integers(0, 3, rows, dtype=np.uint8))):
                sizes = b"".join(n.to_bytes(4, "big") for n in a.shape)
                with open(os.path.join(where, f"{name}-{kind}-ubyte"), "wb") as f:
                    f.write(bytes([0, 0, 8, a.ndim]) + sizes + a.tobytes())
        data = tn.Data.open(f"idx {where}")
        net = tn.Network("linear 4 | relu | linear 3", input=16, loss="cross_entropy", optimizer="sgd lr=0.1")
        for _ in range(2):  # the share is held out of another copy
            run = net.fit(data, epochs=2, batch=20, validation=0.25, progress=False)
            self.assertEqual(run.record["rows"], {"training": 45, "validation": 15, "test": 20})
        self.assertEqual((run.test["part"], run.test["rows"]), ("test", 20))
        expected = net.evaluate(tn.Data.open(f"idx {where}", part="test"))
        self.assertEqual(run.test["data_loss"], expected["data_loss"])

    def test_what_a_run_says_of_itself(self):
        net = network()
        run = net.fit(X, Y, **FIT)
        self.assertEqual(run.figures, run.ledger[-1])
        self.assertRegex(repr(run), r"^<Run: 4 epochs, 28 steps, loss [\d.]+, validation loss [\d.]+>$")
        self.assertGreater(run.seconds, sum(line["seconds"] for line in run.ledger))
        copy = pickle.loads(pickle.dumps(run))
        self.assertEqual((copy.ledger, copy.best_epoch, repr(copy)), (run.ledger, run.best_epoch, repr(run)))


class Pages(InFolder):
    def test_the_page(self):
        run = network().fit(X, Y, **FIT)
        run.report(self.at("report.html"))
        page = content(self.at("report.html")).decode()
        for text in (LAYERS, "320 training, 80 validation", "linear1.weight", "l1 density=0.3", "<svg", "data: arrays",
                     "x86-64" if "x86" in tn.machine() else "processors"):
            self.assertIn(text, html.unescape(page))
        shown = run._repr_html_()
        self.assertTrue(shown.startswith("<iframe sandbox srcdoc="))
        self.assertNotIn("<script", shown)

    def test_of_a_run_that_was_interrupted(self):
        net = network()
        with self.assertRaises(ZeroDivisionError):
            net.fit(X, Y, on_epoch=lambda run: 1 / (run.epoch - 2), **FIT)
        net.run.report(self.at("report.html"))
        self.assertIn("failed", content(self.at("report.html")).decode())

    def test_of_batches(self):
        net = network(penalties={})
        run = net.fit([(X[:200], Y[:200]), (X[200:], Y[200:])], epochs=2, progress=False)
        run.report(self.at("report.html"))
        self.assertIn("400 training", content(self.at("report.html")).decode())

    def test_without_the_program(self):
        run = network().fit(X, Y, **FIT)
        with mock.patch("tacetnn.record.program", side_effect=FileNotFoundError("the program tacet")):
            with self.assertRaisesRegex(FileNotFoundError, "the program tacet"):
                run.report(self.at("report.html"))
            self.assertRegex(run._repr_html_(), r"<table>.*<td>4</td>.*</table>")

    def test_where_it_cannot_be_written(self):
        with self.assertRaises(OSError):
            network().fit(X, Y, **FIT).report(self.at("no", "report.html"))


class Folders(InFolder):
    def fit(self, name, **settings):
        net = network(**settings.pop("network", {}))
        return net, net.fit(X, Y, out=self.at(name), **FIT | settings)

    def stopped_at(self, step, name, error=KeyboardInterrupt):
        def stop(run):
            if run.step == step:
                raise error

        with self.assertRaises(error):
            self.fit(name, on_step=stop, checkpoint=2)

    def test_the_program_reads_it(self):
        net, run = self.fit("run")
        self.assertEqual(sorted(os.listdir(self.at("run"))), [
            "best.safetensors", "checkpoint.safetensors", "config.yaml", "metrics.jsonl", "model.safetensors",
            "report.html", "run.json"])
        for args in (("report", self.at("run")), ("inspect", self.at("run")),
                     ("inspect", self.at("run", "checkpoint.safetensors"))):
            done = tacet(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
        best = tn.Network.load(self.at("run", "best.safetensors"))
        self.assertTrue(all(np.array_equal(run.best[k], v) for k, v in best.state_dict().items()))
        last = tn.Network.load(self.at("run"))
        self.assertTrue(all(np.array_equal(last.state_dict()[k], v) for k, v in net.state_dict().items()))

    def test_a_run_is_continued_with_the_same_bits(self):
        net, run = self.fit("whole", checkpoint=2)
        for step in (1, 3, 7, 13, 14, 28):  # 7 in an epoch
            with self.subTest(step=step):
                name = f"run{step}"
                self.stopped_at(step, name, KeyboardInterrupt if step % 2 else ValueError)
                state = json.loads(content(self.at(name, "run.json")))["state"]
                self.assertEqual(state, "stopped" if step % 2 else "failed")
                other, again = self.fit(name, checkpoint=2, resume=True)
                self.assertTrue(same(net, other))
                self.assertEqual((untimed(again.ledger), again.steps_log), (untimed(run.ledger), run.steps_log))
                self.assertEqual((again.best_epoch, again.step), (run.best_epoch, run.step))
                self.assertEqual(again.best is None, run.best is None)
                self.assertEqual(untimed(lines_of(self.at(name))), untimed(lines_of(self.at("whole"))))
                for file in ("model.safetensors", "best.safetensors"):
                    self.assertEqual(content(self.at(name, file)), content(self.at("whole", file)))

    def test_the_best_epoch_and_the_patience_are_continued(self):
        fast = {"optimizer": "sgd lr=1 momentum=0.9", "penalties": {}}
        settings = {"epochs": 40, "patience": 4, "network": fast}
        net, run = self.fit("whole", **settings)
        self.assertEqual((run.stopped, len(run.ledger)), ("patience", run.best_epoch + 4))
        for epoch in (1, run.best_epoch, run.best_epoch + 2, run.best_epoch + 4):
            name = f"run{epoch}"
            with self.assertRaises(ZeroDivisionError):
                self.fit(name, on_epoch=lambda run, epoch=epoch: 1 / (run.epoch - epoch), **settings)
            other, again = self.fit(name, resume=True, **settings)
            self.assertEqual((again.best_epoch, again.stopped), (run.best_epoch, "patience"))
            self.assertEqual(untimed(again.ledger), untimed(run.ledger))
            self.assertTrue(all(np.array_equal(run.best[k], v) for k, v in again.best.items()))
            self.assertTrue(same(net, other))

    def test_a_step_that_failed_is_made_again(self):
        x = X.astype(float)
        x[200, 1] = 1e300
        messages = []
        for resume in (False, True):
            with self.assertRaises(tn.NotFiniteError) as caught:
                network().fit(x, Y, out=self.at("run"), resume=resume, **FIT)
            messages.append(str(caught.exception))
        self.assertEqual(messages[0], messages[1])

    def test_after_kill(self):
        code = f"""
import sys, numpy as np, tacetnn as tn
data = np.load(sys.argv[1])
net = tn.Network({LAYERS!r}, input=6, **{SETTINGS!r})
net.fit(data["x"], data["y"], out=sys.argv[2], resume=True, checkpoint=3, **{FIT | {'epochs': 200}!r})
"""
        np.savez(self.at("data.npz"), x=X, y=Y)
        command = [sys.executable, "-W", "ignore", "-c", code, self.at("data.npz")]
        subprocess.run([*command, self.at("whole")], check=True)
        for size in range(20_000, 140_001, 20_000):  # of metrics.jsonl, which a whole run makes larger
            process = subprocess.Popen([*command, self.at("run")])
            while process.poll() is None and self.size("run", "metrics.jsonl") < size:
                time.sleep(0.003)
            process.kill()
            self.assertEqual(process.wait(), -signal.SIGKILL)
        self.assertEqual(json.loads(content(self.at("run", "run.json")))["state"], "running")
        subprocess.run([*command, self.at("run")], check=True)
        for file in ("model.safetensors", "best.safetensors"):
            self.assertEqual(content(self.at("run", file)), content(self.at("whole", file)))
        self.assertEqual(untimed(lines_of(self.at("run"))), untimed(lines_of(self.at("whole"))))

    def test_more_epochs(self):
        settings = {"optimizer": "adam lr=0.01", "penalties": {"relu1": "l1 1e-3"}}
        net, run = self.fit("whole", epochs=6, network=settings)
        self.fit("run", network=settings)
        other, again = self.fit("run", epochs=6, resume=True, network=settings)
        self.assertTrue(same(net, other))
        self.assertEqual(untimed(again.ledger), untimed(run.ledger))
        self.fit("cosine")
        with self.assertWarnsRegex(tn.TrainingWarning, "the learning rate .*on the length of the run, which was 4 "
                                   "epochs and is now 6"):
            self.fit("cosine", epochs=6, resume=True)

    def test_batches_are_continued(self):
        batches = [(X[i : i + 50], Y[i : i + 50]) for i in range(0, 400, 50)]
        settings = {"epochs": 3, "progress": False, "log": 3}

        def net():
            return network(optimizer="adam lr=0.01", penalties={})

        for source in (batches, lambda: iter(batches)):
            whole = net()
            whole.fit(source, **settings)
            for step in (3, 8, 11, 24):
                with self.subTest(step=step, source=type(source)):
                    name = self.at(f"{type(source).__name__}{step}")
                    with self.assertRaises(ZeroDivisionError):
                        net().fit(source, out=name, on_step=lambda run, step=step: 1 / (run.step - step), **settings)
                    other = net()
                    run = other.fit(source, out=name, resume=True, **settings)
                    self.assertTrue(same(whole, other))
                    self.assertEqual(untimed(run.ledger), untimed(whole.run.ledger))
            name = self.at(f"{type(source).__name__} epoch")
            with self.assertRaises(ZeroDivisionError):
                net().fit(source, out=name, on_epoch=lambda run: 1 / (run.epoch - 2), **settings)
            other = net()
            self.assertEqual(other.fit(source, out=name, resume=True, **settings).step, 24)
            self.assertTrue(same(whole, other))
        with self.assertRaisesRegex(ValueError, "resume needs batches that can be had again"):
            net().fit(iter(batches), epochs=1, out=name, resume=True)

    def test_other_runs_are_refused(self):
        self.fit("run")
        kept = {name: content(self.at("run", name)) for name in os.listdir(self.at("run"))}
        for settings, error, message in (
            ({}, FileExistsError, "already holds a run: resume=True"),
            ({"resume": True, "batch": 20}, ValueError, "batch 50, .*not with .*batch 20"),
            ({"resume": True, "validation": 0.1}, ValueError, "validate 0.2, .*|was begun with"),
            ({"resume": True, "metric": "f1"}, ValueError, 'begun with "data_loss", not with "f1"'),
            ({"resume": True, "network": {"seed": 1}}, ValueError, "seed 0, .*not with .*seed 1"),
            ({"resume": True, "network": {"penalties": {"relu1": "l1 1e-3"}}}, ValueError, "begun with"),
            ({"resume": True, "network": {"optimizer": "sgd lr=0.1"}}, tn.FileError, "checkpoint"),
        ):
            with self.subTest(**settings), self.assertRaisesRegex(error, message):
                self.fit("run", **settings)
        with self.assertRaisesRegex(tn.FileError, "other data"):
            network().fit(X + 1, Y, out=self.at("run"), resume=True, **FIT)
        self.assertEqual(kept, {name: content(self.at("run", name)) for name in os.listdir(self.at("run"))})

    def test_the_program_and_a_fit_continue_each_others_runs(self):
        given = {"optimizer": "adam lr=0.01", "penalties": {"relu1": "l1 1e-3"}, "metrics": ""}
        net, run = self.fit("whole", network=given)
        self.fit("ours", epochs=2, network=given)
        np.save(self.at("x.npy"), X)
        np.save(self.at("y.npy"), Y)
        data = f"npy x={self.at('x.npy')} y={self.at('y.npy')}"
        done = tacet("train", "--resume", self.at("ours"), "--set", "train.epochs=4", "--data", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        train = {"epochs": 2, "batch": 50, "validate": 0.2, "log": 3}
        with open(self.at("c.yaml"), "w") as f:
            f.write(record.yaml({"model": LAYERS, **SETTINGS, **given, "data": data, "train": train}))
        done = tacet("train", self.at("c.yaml"), "--out", self.at("theirs"))
        self.assertEqual(done.returncode, 0, done.stderr)
        other, again = self.fit("theirs", resume=True, network=given)
        self.assertTrue(same(net, other))
        self.assertTrue(same(net, tn.Network.load(self.at("ours"))))
        self.assertEqual(untimed(again.ledger), untimed(run.ledger))
        for name in ("ours", "theirs"):
            self.assertEqual(untimed(lines_of(self.at(name))), untimed(lines_of(self.at("whole"))))

    def test_a_resume_of_nothing_begins(self):
        self.assertEqual(self.fit("run", resume=True)[1].step, self.fit("other")[1].step)

    def test_the_lock(self):
        first = Folder(self.at("run"), resume=False)
        with mock.patch("tacetnn.folder.PATIENCE", 0.2):
            with self.assertRaisesRegex(BlockingIOError, f"process {os.getpid()} on"):
                self.fit("run")
        threading.Timer(0.3, first.close).start()
        self.assertEqual(self.fit("run")[1].epoch, 4)  # it waits
        self.assertFalse(os.path.exists(self.at("run", "lock")))

    def test_a_file_system_without_locks(self):
        with mock.patch("fcntl.flock", side_effect=OSError(95, "Operation not supported")):
            with self.assertWarnsRegex(tn.TrainingWarning, "cannot lock .*: Operation not supported"):
                self.assertEqual(self.fit("run")[1].epoch, 4)

    def test_the_program_respects_the_lock(self):
        first = Folder(self.at("run"), resume=False)
        self.addCleanup(first.close)
        with open(self.at("c.yaml"), "w") as f:
            f.write("model: linear 2\nloss: mse\noptimizer: sgd lr=0.1\ntarget: x\n"
                    f"data: npy x={self.at('x.npy')}\ntrain: {{epochs: 1}}\n")
        np.save(self.at("x.npy"), X[:, :2])
        command = [TACET, "train", self.at("c.yaml"), "--out", self.at("run")]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        text = ""
        while "in use" not in text and process.poll() is None:
            text += process.stderr.readline()
        self.assertIn(f"in use by process {os.getpid()}", text)


class Yaml(InFolder):
    def test_a_configuration_is_read_as_it_was_written(self):
        np.save(self.at("x.npy"), X)
        for path in ("x", "a b", "quote\"s", "back\\slash", "ü☺", "colon: x", "#hash", "null", "- dash"):
            source = self.at(path)
            os.mkdir(source)
            os.link(self.at("x.npy"), os.path.join(source, "x.npy"))
            name = os.path.join(source, "x.npy").replace("\\", "\\\\").replace('"', '\\"')
            config = {"model": "linear 6", "loss": "mse", "optimizer": "sgd lr=0.1", "target": "x",
                      "data": f'npy x="{name}"', "train": {"epochs": 1},
                      "penalties": {"*.weight": ["l2 1e-3", "l1 1e-4"], "linear1": "l1 1e-4"}}
            with open(self.at("c.yaml"), "w", encoding="utf-8") as f:
                f.write(record.yaml(config))
            done = tacet("explain", self.at("c.yaml"))
            with self.subTest(path):
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
