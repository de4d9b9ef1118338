"""Conan 2 recipe of the sources it lies in; see ../README.md."""
import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, CMakeDeps, cmake_layout
from conan.tools.files import copy, load


class SynchronautRecipe(ConanFile):
    name = "synchronaut"
    description = "Call synchronous and asynchronous code from each other, in Qt"
    license = "MIT"
    topics = ("qt", "coroutines", "async", "futures")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": True, "fPIC": True}
    implements = ["auto_shared_fpic"]

    @property
    def _repository(self):
        return Path(self.recipe_folder).parents[2]

    def set_version(self):
        cmake = load(self, self._repository / "CMakeLists.txt")
        self.version = self.version or re.search(r"VERSION (\d+\.\d+\.\d+)", cmake).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "README.md", "CHANGELOG.md", "include/*", "src/*"):
            copy(self, pattern, self._repository, self.export_sources_folder)

    def requirements(self):
        # Its headers include Qt's, and its users run Qt's moc.
        self.requires("qt/[>=6.4 <7]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 20)
        if str(self.dependencies["qt"].ref.version) in ("6.6.0", "6.6.1"):
            raise ConanInvalidConfiguration("QFuture continuations are broken in Qt 6.6.0 and 6.6.1")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS", "DOCS", "QML"):
            toolchain.cache_variables[f"SYNCHRONAUT_BUILD_{part}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder) / "licenses")
        CMake(self).install()

    def package_info(self):
        # The library's own CMake package is used: it brings synchronaut_add_proxies().
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/Synchronaut"]
        self.cpp_info.libs = ["Synchronaut"]
        self.cpp_info.requires = ["qt::qtCore", "qt::qtConcurrent"]
