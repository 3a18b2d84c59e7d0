find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)

# Thrust's headers serve the CPU build through their OpenMP system; nothing of CUDA is linked.
find_path(NEUSPEC_THRUST_INCLUDE_DIR thrust/version.h REQUIRED)
