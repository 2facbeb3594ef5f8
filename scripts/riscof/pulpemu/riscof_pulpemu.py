"""RISCOF plug-in for pulpemu: builds each test with GCC, runs it, and hands over the signature that it wrote."""

import logging
import os
import shutil

import riscof.utils as utils
from riscof.pluginTemplate import pluginTemplate

logger = logging.getLogger()


class pulpemu(pluginTemplate):
    __model__ = "pulpemu"
    __version__ = "1"

    def __init__(self, *args, **kwargs):
        sclass = super().__init__(*args, **kwargs)
        config = kwargs.get("config")
        if config is None:
            raise SystemExit("the configuration has no section for pulpemu")
        self.program = config.get("PATH", "pulpemu")
        self.jobs = str(config.get("jobs", 1))
        self.folder = os.path.abspath(config["pluginpath"])
        self.isa_spec = os.path.abspath(config["ispec"])
        self.platform_spec = os.path.abspath(config["pspec"])
        return sclass

    def initialise(self, suite, work_dir, archtest_env):
        self.suite = suite
        self.environment = archtest_env
        for program in (self.program, "riscv64-unknown-elf-gcc"):
            if shutil.which(program) is None:
                raise SystemExit(f"{program} is not on PATH")

    def build(self, isa_yaml, platform_yaml):
        pass

    def runTests(self, testList):
        makefile = os.path.join(os.path.dirname(next(iter(testList.values()))["work_dir"]), "Makefile.pulpemu")
        make = utils.makeUtil(makefilePath=makefile)
        make.makeCommand = "make -j" + self.jobs
        for test in testList.values():
            elf = os.path.join(test["work_dir"], "pulpemu.elf")
            signature = os.path.join(test["work_dir"], self.name[:-1] + ".signature")
            march = test["isa"].lower().split("_")[0]
            macros = " ".join("-D" + macro for macro in test["macros"])
            make.add_target(
                f"riscv64-unknown-elf-gcc -march={march} -misa-spec=2.2 -mabi=ilp32 -static -mcmodel=medany"
                f" -nostdlib -nostartfiles -DXLEN=32 {macros} -I{self.environment} -I{self.folder}/env"
                f" -T{self.folder}/env/link.ld {test['test_path']} -o {elf}"
                f" && {self.program} run --quiet --memory 0x80000000:4M --max-cycles 20000000"
                f" --signature {signature} {elf}"
            )
        make.execute_all(os.path.dirname(makefile))
