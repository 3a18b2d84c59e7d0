# Spack's recipe (Spack 1.0 and later): copy it to packages/neuspec/package.py of a package repository.
#
# The maintainer fills in `homepage` and `git` once the repository has its public address, and a version with its commit for each release. Until then
# sources that lie on the machine are built with
#
#     spack develop --path CHECKOUT neuspec@=main && spack install
from spack.package import *
from spack_repo.builtin.build_systems.cmake import CMakePackage
from spack_repo.builtin.build_systems.cuda import CudaPackage


class Neuspec(CMakePackage, CudaPackage):
    """Two-layer neural networks with polynomial activation, trained to their proven global optimum."""

    license("Apache-2.0", checked_by="neuspec")

    version("main", branch="main")

    variant("shared", default=True, description="Build a shared library")
    variant("fortran", default=True, description="Build the Fortran module")
    variant("hdf5", default=True, description="Read and write HDF5")
    variant("isal", default=True, description="Inflate compressed files by ISA-L")
    variant("mpi", default=False, description="Share samples out among the ranks of MPI")
    variant("nccl", default=True, when="+cuda+mpi", description="Sum between the GPUs of ranks by NCCL")
    variant("tests", default=False, description="Build the tests, which 'spack install --test=root' runs")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("fortran", type="build", when="+fortran")
    depends_on("cmake@3.25:", type="build")
    depends_on("cli11@2.2:", type="build")
    depends_on("nlohmann-json@3.10:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("blas")
    depends_on("lapack")
    depends_on("zlib-api")
    depends_on("hdf5@1.10:~mpi", when="+hdf5")
    depends_on("isa-l", when="+isal")
    depends_on("mpi@3:", when="+mpi")
    depends_on("cuda@12.6:", when="+cuda")
    depends_on("nccl@2.14:", when="+nccl")
    depends_on("googletest@1.12:", type="build", when="+tests")

    conflicts("%gcc@:11", msg="C++20 as it is used needs GCC 12")
    conflicts("cuda_arch=none", when="+cuda", msg="name the architecture of the GPU, for example cuda_arch=90")
    for integers in ("^openblas+ilp64", "^intel-oneapi-mkl+ilp64"):
        conflicts(integers, msg="BLAS with integers of 32 bits is needed; every call says so otherwise")

    def cmake_args(self):
        args = [
            self.define_from_variant("BUILD_SHARED_LIBS", "shared"),
            self.define_from_variant("NEUSPEC_FORTRAN", "fortran"),
            self.define_from_variant("NEUSPEC_HDF5", "hdf5"),
            self.define_from_variant("NEUSPEC_ISAL", "isal"),
            self.define_from_variant("NEUSPEC_CUDA", "cuda"),
            self.define_from_variant("NEUSPEC_MPI", "mpi"),
            self.define("NEUSPEC_NCCL", self.spec.satisfies("+nccl")),
            self.define("NEUSPEC_BUILD_TESTS", self.spec.satisfies("+tests") or self.run_tests),
            self.define("NEUSPEC_WERROR", False),
            self.define("BLAS_LIBRARIES", self.spec["blas"].libs.joined(";")),
            self.define("LAPACK_LIBRARIES", self.spec["lapack"].libs.joined(";")),
        ]
        if self.spec.satisfies("+cuda"):
            args.append(self.define("CMAKE_CUDA_ARCHITECTURES", self.spec.variants["cuda_arch"].value))
        return args

    def test_fit(self):
        """train exclusive or and prove it"""
        with open("xor.csv", "w", encoding="utf-8") as file:
            file.write("a,b,y\n-1,-1,1\n-1,1,-1\n1,-1,-1\n1,1,1\n")
        program = which(self.prefix.bin.neuspec, required=True)
        out = program("fit", "xor.csv", "--beta", "0.1", output=str.split, error=str.split)
        assert "optimal" in out
