"""What the Python functions give, against the counts of the models' own code (tests/configs)."""

import csv
import doctest
import inspect
import json
import pathlib
import tempfile
import unittest

import flopledger

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "tests" / "configs"
VIT_B_32 = CONFIGS / "open_clip" / "ViT-B-32.json"


def load_tests(_loader, tests, _pattern):
    tests.addTests(doctest.DocTestSuite(flopledger))
    return tests


def reference(table):
    """Paths of configurations and the figures that belong to them."""
    with open(CONFIGS / f"{table}.csv", newline="") as lines:
        for row in csv.DictReader(lines):
            yield CONFIGS / table / f"{row['model']}.json", row


class Figures(unittest.TestCase):
    def test_models_own_counts(self):
        agreeing = 0
        for table in ["open_clip", "huggingface", "eva_clip"]:
            for path, row in reference(table):
                with self.subTest(path=path.name):
                    estimate = flopledger.estimate(path)
                    self.assertEqual(estimate["flops"]["total"], int(row["total_flops"]))
                    self.assertEqual(estimate["parameters"]["total"], int(row["params"]))
                    self.assertEqual(flopledger.calculate_tflops(path), int(row["total_flops"]) / 1e12)
                    agreeing += 1
        self.assertEqual(agreeing, 246)

    def test_paths_dicts_and_presets_are_one_model(self):
        config = json.loads(VIT_B_32.read_text())
        by_path, by_dict = flopledger.estimate(str(VIT_B_32)), flopledger.estimate(config)
        preset = flopledger.estimate("vit-b/32")
        self.assertEqual(by_path["flops"], by_dict["flops"])
        self.assertEqual(by_path["flops"], preset["flops"])
        self.assertEqual([by_path["model"], by_dict["model"]], [str(VIT_B_32), "config"])

    def test_towers_add_up(self):
        image, text = (flopledger.calculate_tflops(VIT_B_32, tower=tower) for tower in ("image", "text"))
        self.assertEqual((image, text), (8_817_623_040 / 1e12, 5_959_540_736 / 1e12))
        self.assertEqual(flopledger.calculate_tflops(VIT_B_32, batch=10), 147_771_637_760 / 1e12)

    def test_other_sizes(self):
        larger = flopledger.estimate("ViT-L-14", image_size=336)
        self.assertEqual(larger["flops"], flopledger.estimate("ViT-L-14-336")["flops"])
        self.assertEqual(larger["flops"], flopledger.estimate("ViT-L-14", image_size=(336, 336))["flops"])
        shorter = flopledger.calculate_tflops("ViT-L-14", context=16, tower="text")
        self.assertLess(shorter, flopledger.calculate_tflops("ViT-L-14", tower="text"))

    def test_integers_beyond_64_bits_are_exact(self):
        tower = {"hidden_size": 1 << 20, "num_attention_heads": 1, "num_hidden_layers": 1 << 14, "intermediate_size": 1 << 24}
        config = {
            "projection_dim": 1,
            "text_config": {**tower, "max_position_embeddings": 1 << 24},
            "vision_config": {**tower, "image_size": 65536, "patch_size": 65536},
        }
        # Per layer 4 projections, 2 MLP products and 2 attention products, and one projection.
        tokens, width, mlp, layers = 1 << 24, 1 << 20, 1 << 24, 1 << 14
        macs = layers * tokens * (4 * width * width + 2 * width * mlp + 2 * tokens * width) + width
        flops = flopledger.estimate(config)["flops"]["text"]
        self.assertEqual(flops, 2 * macs)
        self.assertGreater(flops, 1 << 64)

    def test_the_dict_is_the_programs_json(self):
        estimate = flopledger.estimate("ViT-B-32", batch=2, backward=True, elementwise=True)
        self.assertEqual(estimate["schema"], "flopledger.estimate/1")
        keys = "schema model dialect batch parameters flops notes step elementwise terms conventions".split()
        self.assertEqual(list(estimate), keys)
        self.assertEqual(estimate["step"]["forward"], 2 * 14_777_163_776)

    def test_a_named_tower_takes_given_dimensions(self):
        named = CONFIGS / "refused" / "open-clip-unknown-timm.json"
        given = CONFIGS / "reference" / "tower.json"
        with self.assertRaisesRegex(flopledger.ConfigError, "tower_config=FILE"):
            flopledger.estimate(named)
        image = flopledger.calculate_tflops(VIT_B_32, tower="image")
        for tower in [given, json.loads(given.read_text())]:
            self.assertEqual(flopledger.calculate_tflops(named, tower="image", tower_config=[tower]), image)


class Questions(unittest.TestCase):
    def test_identify(self):
        for number in ["116.512260096 G", 116_512_260_096, 116_512_260_096.0]:
            match = flopledger.identify(number, "ViT-L-14-336")["matches"][0]
            self.assertEqual((match["convention"], match["tower"], match["unit"]), ("thop", "image", "mac"))
        presets = {match["model"] for match in flopledger.identify(116_512_260_096)["matches"]}
        self.assertEqual(presets, {"ViT-L-14-336"})
        # 1.165e11 was rounded to four digits.
        self.assertTrue(flopledger.identify(1.165e11, "ViT-L-14-336")["matches"])

    def test_explain(self):
        config = json.loads(VIT_B_32.read_text())
        ledger = flopledger.explain("thop", "analytic", config)["ledger"]
        self.assertEqual((ledger["opening"]["value"], ledger["closing"]["value"]), (2_946_760_704, 14_777_163_776))
        moved = sum(entry["flops"] for entry in ledger["entries"])
        self.assertEqual((moved, ledger["residual"]), (14_777_163_776 - 2_946_760_704, 0))
        self.assertEqual(flopledger.explain("1Gmac", "analytic")["ledger"]["opening"]["value"], 10**9)

    def test_lists(self):
        self.assertIn("EVA02-E-14", flopledger.presets())
        names = {counter["name"] for counter in flopledger.conventions()}
        counted = {count["name"] for count in flopledger.estimate("tiny")["conventions"]}
        self.assertEqual(names, counted | {"analytic"})


class Refusals(unittest.TestCase):
    def refused(self, *parts, call=flopledger.calculate_tflops, arguments=(), **keywords):
        with self.assertRaises(flopledger.ConfigError) as caught:
            call(*arguments, **keywords)
        message = str(caught.exception)
        for part in [*parts, "\n  remedy: "]:
            self.assertIn(part, message)
        self.assertNotIn("--", message)

    def test_what_is_no_clip(self):
        files = sorted((CONFIGS / "refused").iterdir())
        self.assertGreater(len(files), 30)
        for path in files:
            with self.subTest(path=path.name):
                self.refused(str(path), arguments=[path])

    def test_a_value_that_cannot_be_is_named(self):
        config = json.loads(VIT_B_32.read_text())
        config["vision_cfg"]["width"] = "wide"
        self.refused("config: vision_cfg.width", '"wide"', "a whole number from 1", arguments=[config])

    def test_files(self):
        self.refused("no/such.json: no such file", arguments=["no/such.json"])
        self.refused("nearest: ViT-L-14-336", arguments=["ViT-L-14-337"])
        with tempfile.TemporaryDirectory() as folder:
            self.refused("cannot read", arguments=[folder])
            file = pathlib.Path(folder) / "config.json"
            file.write_text("{")
            self.refused(f"{file}: not JSON", arguments=[file])

    def test_dicts_that_are_no_json(self):
        loop = {}
        loop["vision_cfg"] = loop
        for config in [{"embed_dim": {1}}, loop, {(1, 2): 3}]:
            self.refused("config: no configuration", arguments=[config])
        self.refused("config: not JSON", arguments=[{"embed_dim": float("nan")}])

    def test_keywords(self):
        for keyword, value, part in [
            ("batch", 0, "batch: 0"),
            ("batch", 1 << 25, "from 1 to 16777216"),
            ("batch", 1 << 70, "batch: 1180591620717411303424"),
            ("batch", -1, "batch: -1"),
            ("batch", 1.5, "batch: 1.5"),
            ("image_size", 0, "image_size: 0"),
            ("image_size", (224, 1 << 17), "image_size: 131072"),
            ("image_size", "large", "image_size: 'large'"),
            ("context", 1 << 30, "context: 1073741824"),
            ("tower", "audio", "tower: 'audio'"),
            ("tower", "multimodal", "no multimodal tower"),
            ("tower_config", ["no/such.json"], "tower_config: no/such.json: cannot read"),
        ]:
            with self.subTest(keyword=keyword, value=value):
                self.refused(part, arguments=["ViT-B-32"], **{keyword: value})
        for keywords, part in [
            ({"recompute": "full"}, "recompute: without a backward pass"),
            ({"recompute": "some"}, "recompute: 'some'"),
            ({"logits": "near"}, "logits: 'near'"),
            ({"backward": "yes"}, "backward: 'yes'"),
            ({"ranks": 0, "logits": "local"}, "ranks: 0"),
        ]:
            with self.subTest(keywords=keywords):
                self.refused(part, call=flopledger.estimate, arguments=["ViT-B-32"], **keywords)

    def test_names_of_counts(self):
        self.refused("nearest: thop", call=flopledger.explain, arguments=["thopp", "analytic"])
        self.refused("not a whole number", call=flopledger.identify, arguments=[float("nan")])

    def test_the_error_is_a_value_error(self):
        self.assertTrue(issubclass(flopledger.ConfigError, ValueError))
        self.assertEqual(flopledger.ConfigError.__module__, "flopledger")


class Documentation(unittest.TestCase):
    def test_every_function_has_an_example(self):
        for name in flopledger.__all__:
            value = getattr(flopledger, name)
            if inspect.isfunction(value):
                self.assertIn(">>> ", value.__doc__, name)


if __name__ == "__main__":
    unittest.main()
