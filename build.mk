# build.mk: the engine, its tests and its benchmarks; needs a C compiler, GEOS and, where present, Embree.

WARNINGS = -Wall -Wextra
# For debuggers. -g1, lines alone, compiles in two thirds of the time (test/all).
DEBUG = -g
ENGINE_CFLAGS = -std=gnu11 -O2 $(DEBUG) -fPIC $(WARNINGS) -Wno-unused-function

# Embree 4 where the distribution carries it, else Embree 3, else our own hierarchy alone.
ifneq ($(wildcard /usr/include/embree4/rtcore.h),)
EMBREE_CPPFLAGS = -DRPM_HAVE_EMBREE=4
EMBREE_LIBS = -lembree4
else ifneq ($(wildcard /usr/include/embree3/rtcore.h),)
EMBREE_CPPFLAGS = -DRPM_HAVE_EMBREE=3
EMBREE_LIBS = -lembree3
endif
ifneq ($(wildcard /usr/include/geos_c.h),)
GEOS_CPPFLAGS = -DRPM_HAVE_GEOS
GEOS_LIBS = -lgeos_c
endif
# oneDNN 2 or 3 for networks; with OpenMP, as its own threads are.
ifneq ($(shell grep -s 'DNNL_VERSION_MAJOR [23]$$' /usr/include/oneapi/dnnl/dnnl_version.h),)
DNNL_CPPFLAGS = -DRPM_HAVE_DNNL -fopenmp
DNNL_LIBS = -ldnnl -lgomp
endif

ENGINE_CPPFLAGS = $(EMBREE_CPPFLAGS) $(GEOS_CPPFLAGS) $(DNNL_CPPFLAGS) -D_GNU_SOURCE
ENGINE_LIBS = $(EMBREE_LIBS) $(GEOS_LIBS) $(DNNL_LIBS) -lm -lpthread -ldl

# oneDNN as a library of its own, for programs that run networks now and then: the networks' objects, and what they need of the engine; hidden,
# so that they never meet the program's own copies.
DNNL_MODULE = $(if $(DNNL_LIBS),build/rpm_pg_nn.so)
DNNL_MODULE_SOURCES = $(wildcard src/engine/nn/*.c) src/engine/base/status.c src/engine/base/control.c
DNNL_MODULE_OBJECTS = $(patsubst src/engine/%.c,build/nn/%.o,$(DNNL_MODULE_SOURCES))
# What of the networks needs it.
DNNL_SOURCES = $(wildcard src/engine/nn/onednn*.c) src/engine/nn/nhwc.c

ENGINE_HEADERS = $(wildcard include/*.h src/engine/*/*.h)
UNIT_SOURCES = $(sort $(wildcard test/unit/test_*.c))
BENCH_SOURCES = $(sort $(wildcard test/bench/*.c))
FUZZ_SOURCES = $(sort $(wildcard test/fuzz/fuzz_*.c))

ENGINE_OBJECTS = $(patsubst src/engine/%.c,build/engine/%.o,$(ENGINE_SOURCES))
SANITIZE_OBJECTS = $(patsubst src/engine/%.c,build/sanitize/%.o,$(ENGINE_SOURCES))
UNIT_PROGRAMS = $(patsubst test/unit/%.c,build/unit/%,$(UNIT_SOURCES))
SANITIZE_PROGRAMS = $(patsubst test/unit/%.c,build/sanitize/unit/%,$(UNIT_SOURCES))
BENCH_PROGRAMS = $(patsubst test/bench/%.c,build/bench/%,$(BENCH_SOURCES))
FUZZ_PROGRAMS = $(patsubst test/fuzz/%.c,build/fuzz/%,$(FUZZ_SOURCES))

HOST_MODULE = build/host/rpm_pg_cuda.so
SANITIZE_MODULE = build/sanitize/host/rpm_pg_cuda.so
KERNEL_SOURCES = $(sort $(wildcard kernels/*.cu))
# What a module needs of the engine; hidden, so that it never meets the extension's own copy.
CUDA_ENGINE_OBJECTS = build/cuda/status.o build/cuda/control.o
KERNEL_HOST_OBJECTS = $(patsubst kernels/%.cu,build/host/%.o,$(KERNEL_SOURCES))
KERNEL_SANITIZE_OBJECTS = $(patsubst kernels/%.cu,build/sanitize/host/%.o,$(KERNEL_SOURCES))

COMPILE = $(CC) $(ENGINE_CFLAGS) $(ENGINE_CPPFLAGS) -Iinclude -Isrc/engine
SANITIZE_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1

.DEFAULT_GOAL = all
.PHONY: engine unit sanitize bench fuzz cuda

engine: build/librpm_engine.a

build/librpm_engine.a: $(ENGINE_OBJECTS)
	rm -f $@ && ar rcs $@ $^

build/engine/%.o: src/engine/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

build/nn/%.o: src/engine/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -fvisibility=hidden -c $< -o $@

build/rpm_pg_nn.so: $(DNNL_MODULE_OBJECTS)
	$(CC) -shared -Wl,-Bsymbolic -Wl,-z,defs $^ $(DNNL_LIBS) -lm -lpthread -ldl -o $@

.PHONY: install-nn uninstall-nn
install-nn: $(DNNL_MODULE) installdirs
	$(if $(DNNL_MODULE),$(INSTALL_SHLIB) $(DNNL_MODULE) '$(DESTDIR)$(pkglibdir)/rpm_pg_nn.so')

uninstall-nn:
	rm -f '$(DESTDIR)$(pkglibdir)/rpm_pg_nn.so'

build/unit/%: test/unit/%.c $(wildcard test/unit/*.h) build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< $(filter %.o,$^) build/librpm_engine.a $(UNIT_LDFLAGS) $(ENGINE_LIBS) -o $@

build/unit/test_kernels: $(KERNEL_HOST_OBJECTS)

# The module that they open is named when they are compiled.
DEVICE_TESTS = build/unit/test_device build/unit/test_device_map
$(DEVICE_TESTS): private ENGINE_CPPFLAGS += -DRPM_TEST_MODULE='"$(CURDIR)/$(HOST_MODULE)"'
$(DEVICE_TESTS): $(HOST_MODULE)
DEVICE_SANITIZE_TESTS = $(DEVICE_TESTS:build/%=build/sanitize/%)
$(DEVICE_SANITIZE_TESTS): private ENGINE_CPPFLAGS += -DRPM_TEST_MODULE='"$(CURDIR)/$(SANITIZE_MODULE)"'
$(DEVICE_SANITIZE_TESTS): $(SANITIZE_MODULE)

# They count the looks at the stop flag.
STOP_TESTS = test_scene_stop test_nn_onednn
$(STOP_TESTS:%=build/unit/%) $(STOP_TESTS:%=build/sanitize/unit/%): UNIT_LDFLAGS = -Wl,--wrap=rpm_stopped

unit: $(UNIT_PROGRAMS)
	@bash test/unit/run.sh $(UNIT_PROGRAMS)

build/sanitize/%.o: src/engine/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -c $< -o $@

build/sanitize/librpm_engine.a: $(SANITIZE_OBJECTS)
	rm -f $@ && ar rcs $@ $^

build/sanitize/unit/%: test/unit/%.c $(wildcard test/unit/*.h) build/sanitize/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -Itest/unit $< $(filter %.o,$^) build/sanitize/librpm_engine.a $(UNIT_LDFLAGS) $(ENGINE_LIBS) -o $@

build/sanitize/unit/test_kernels: $(KERNEL_SANITIZE_OBJECTS)

sanitize: $(SANITIZE_PROGRAMS)
	@RPM_TEST_QUICK=1 bash test/unit/run.sh $(SANITIZE_PROGRAMS)

build/bench/%: test/bench/%.c $(wildcard test/unit/*.h) build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

bench: $(BENCH_PROGRAMS)

# Programs that compare with the reference data of other tracers (test/reference/*.sh run them).
# reference_wedge.c and reference_party_wall.c stand before the library, in the place of its map_diffraction.c and party_wall.c.
build/reference/compare_maps: test/reference/compare_maps.c test/reference/reference_wedge.c test/reference/reference_party_wall.c $(wildcard test/reference/*.h) test/unit/munich_grid.h build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/reference $(filter %.c,$^) build/librpm_engine.a $(ENGINE_LIBS) -o $@

# Fuzzers are ordinary programs over a corpus (main in test/fuzz/driver.h); with clang they are libFuzzer's.
build/fuzz/%: test/fuzz/%.c $(wildcard test/fuzz/*.h) build/sanitize/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -Itest/fuzz $< build/sanitize/librpm_engine.a $(ENGINE_LIBS) -o $@

fuzz: $(FUZZ_PROGRAMS)

NVCC := $(shell command -v nvcc 2>/dev/null)

# The kernels as host C++ (kernels/host_launch.h), for the tests of a machine without a GPU.
KERNEL_HEADERS = $(wildcard include/*.h kernels/*.h src/engine/trace/*.[ch] src/engine/scene/ground.[ch]) src/engine/em/knife_edges.c
KERNEL_HOST_FLAGS = -std=c++17 -O2 $(DEBUG) -fPIC $(WARNINGS) -Wno-unused-function -Wno-missing-field-initializers -fno-exceptions -fno-rtti -fvisibility=hidden -D_GNU_SOURCE -Iinclude -Isrc/engine

build/host/%.o: kernels/%.cu $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(CXX) $(KERNEL_HOST_FLAGS) -x c++ -c $< -o $@

build/sanitize/host/%.o: kernels/%.cu $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(CXX) $(KERNEL_HOST_FLAGS) $(SANITIZE_FLAGS) -x c++ -c $< -o $@

# The module for tests: its devices are loops and ordinary memory, its faults those of kernels/host_runtime.h.
$(HOST_MODULE): $(KERNEL_HOST_OBJECTS) $(CUDA_ENGINE_OBJECTS)
	$(CXX) -shared $^ -lm -lpthread -o $@

$(SANITIZE_MODULE): $(KERNEL_SANITIZE_OBJECTS) $(CUDA_ENGINE_OBJECTS)
	$(CXX) -shared $(SANITIZE_FLAGS) $^ -lm -lpthread -o $@

# The GPU module: machine code for compute capability 7.5, 8.x and 9.0, and PTX for what comes, all from one PTX.
CUDA_MODULE = build/rpm_pg_cuda.so
CUDA_GENCODE = -gencode 'arch=compute_75,code=[sm_75,sm_80,sm_90,compute_75]'
CUDA_OBJECTS = $(patsubst kernels/%.cu,build/cuda/%.o,$(KERNEL_SOURCES))

ifeq ($(NVCC),)
cuda:
	@echo "nvcc was not found: put CUDA's bin folder on PATH" >&2; exit 1
else
cuda: $(CUDA_MODULE)
endif

build/cuda/%.o: kernels/%.cu $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -O3 -lineinfo $(CUDA_GENCODE) --expt-relaxed-constexpr -diag-suppress 177,550 -Xcompiler -fPIC,-Wall,-Wextra,-Wno-unused-function,-Wno-missing-field-initializers,-fvisibility=hidden -Iinclude -Isrc/engine -c $< -o $@

$(CUDA_ENGINE_OBJECTS): build/cuda/%.o: src/engine/base/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -fvisibility=hidden -c $< -o $@

$(CUDA_MODULE): $(CUDA_OBJECTS) $(CUDA_ENGINE_OBJECTS)
	$(NVCC) -shared -cudart static $^ -o $@

# Networks on a GPU: a module of its own (cuDNN and cuBLAS), and for tests the same as loops with stand-ins for those libraries (test/cuda).
NN_CUDA_SOURCES = $(sort $(wildcard kernels/nn/*.cu)) kernels/survey.cu kernels/memory.cu
NN_CUDA_ENGINE_SOURCES = src/engine/nn/measure.c src/engine/nn/ref_rows.c
NN_CUDA_HEADERS = $(wildcard include/*.h kernels/nn/*.h src/engine/nn/*.h kernels/host_*.h) kernels/cuda_internal.h kernels/rpm_cuda.h
NN_HOST_MODULE = build/host/rpm_pg_nn_cuda.so
NN_SANITIZE_MODULE = build/sanitize/host/rpm_pg_nn_cuda.so
NN_ENGINE_OBJECTS = $(NN_CUDA_ENGINE_SOURCES:src/engine/nn/%.c=build/cuda/nn/engine/%.o) $(CUDA_ENGINE_OBJECTS)

$(NN_CUDA_ENGINE_SOURCES:src/engine/nn/%.c=build/cuda/nn/engine/%.o): build/cuda/nn/engine/%.o: src/engine/nn/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -fvisibility=hidden -c $< -o $@

# Before the rule of kernels/%.cu, for the stand-ins' headers.
build/host/nn/%.o: kernels/nn/%.cu $(NN_CUDA_HEADERS) $(wildcard test/cuda/*.h)
	@mkdir -p $(@D)
	$(CXX) $(KERNEL_HOST_FLAGS) -Itest/cuda -Ikernels -x c++ -c $< -o $@

build/sanitize/host/nn/%.o: kernels/nn/%.cu $(NN_CUDA_HEADERS) $(wildcard test/cuda/*.h)
	@mkdir -p $(@D)
	$(CXX) $(KERNEL_HOST_FLAGS) $(SANITIZE_FLAGS) -Itest/cuda -Ikernels -x c++ -c $< -o $@

build/host/nn_libraries.o: test/cuda/libraries.c $(wildcard test/cuda/*.h) kernels/nn/number.h
	@mkdir -p $(@D)
	$(COMPILE) -Itest/cuda -Ikernels -fvisibility=hidden -c $< -o $@

$(NN_HOST_MODULE): $(NN_CUDA_SOURCES:kernels/%.cu=build/host/%.o) build/host/nn_libraries.o $(NN_ENGINE_OBJECTS)
	$(CXX) -shared -Wl,-Bsymbolic -Wl,-z,defs $^ -lm -lpthread -o $@

$(NN_SANITIZE_MODULE): $(NN_CUDA_SOURCES:kernels/%.cu=build/sanitize/host/%.o) build/host/nn_libraries.o $(NN_ENGINE_OBJECTS)
	$(CXX) -shared -Wl,-Bsymbolic $(SANITIZE_FLAGS) $^ -lm -lpthread -o $@

NN_CUDA_TESTS = build/unit/test_nn_cuda build/unit/test_nn_torch
$(NN_CUDA_TESTS): private ENGINE_CPPFLAGS += -DRPM_TEST_NN_MODULE='"$(CURDIR)/$(NN_HOST_MODULE)"' -Ikernels
$(NN_CUDA_TESTS): $(NN_HOST_MODULE)
NN_CUDA_SANITIZE_TESTS = $(NN_CUDA_TESTS:build/%=build/sanitize/%)
$(NN_CUDA_SANITIZE_TESTS): private ENGINE_CPPFLAGS += -DRPM_TEST_NN_MODULE='"$(CURDIR)/$(NN_SANITIZE_MODULE)"' -Ikernels
$(NN_CUDA_SANITIZE_TESTS): $(NN_SANITIZE_MODULE)

# The real one, where nvcc and cuDNN's header are; CUDNN names another folder that has include and lib.
ifneq ($(NVCC),)
CUDA_HOME ?= $(patsubst %/bin/nvcc,%,$(realpath $(shell sh -c 'command -v nvcc')))
ifeq ($(wildcard $(CUDA_HOME)/include/cuda_runtime.h),)
CUDA_HOME = /usr/local/cuda
endif
CUDNN ?= $(firstword $(patsubst %/include/cudnn.h,%,$(wildcard $(CUDA_HOME)/include/cudnn.h /usr/include/cudnn.h /usr/local/include/cudnn.h)) \
	$(if $(wildcard /usr/include/x86_64-linux-gnu/cudnn.h),/usr))
CUBLAS_HEADER = $(firstword $(wildcard $(CUDA_HOME)/include/cublas_v2.h /usr/include/cublas_v2.h))
NN_CUDA_MODULE = $(if $(CUDNN),$(if $(CUBLAS_HEADER),build/rpm_pg_nn_cuda.so))
endif

build/cuda/nn/%.o: kernels/nn/%.cu $(NN_CUDA_HEADERS)
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -O3 -lineinfo $(CUDA_GENCODE) --expt-relaxed-constexpr -diag-suppress 177,550 -Xcompiler -fPIC,-Wall,-Wextra,-Wno-unused-function,-Wno-missing-field-initializers,-Wno-deprecated-declarations,-fvisibility=hidden -Iinclude -Isrc/engine -Ikernels -I$(CUDNN)/include -c $< -o $@

build/rpm_pg_nn_cuda.so: $(NN_CUDA_SOURCES:kernels/%.cu=build/cuda/%.o) $(NN_ENGINE_OBJECTS)
	$(NVCC) -shared -cudart static -Xlinker -Bsymbolic $^ -L$(CUDNN)/lib -L$(CUDNN)/lib64 -lcudnn -lcublas -o $@

.PHONY: nn-cuda install-nn-cuda uninstall-nn-cuda
nn-cuda: $(NN_CUDA_MODULE)
	$(if $(NN_CUDA_MODULE),@true,@echo "cuDNN or cuBLAS was not found: networks are not built for GPUs (CUDNN=folder names cuDNN's)")

install-nn-cuda: nn-cuda installdirs
	$(if $(NN_CUDA_MODULE),$(INSTALL_SHLIB) $(NN_CUDA_MODULE) '$(DESTDIR)$(pkglibdir)/rpm_pg_nn_cuda.so')

uninstall-nn-cuda:
	rm -f '$(DESTDIR)$(pkglibdir)/rpm_pg_nn_cuda.so'

# The comparison of the module with the CPU (test/device/run.sh runs it on a machine with a GPU).
build/device/compare_hits: test/device/compare_hits.c $(wildcard test/device/*.h) $(wildcard test/unit/*.h) build/librpm_engine.a $(CUDA_MODULE)
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(CUDA_MODULE) $(ENGINE_LIBS) -Wl,-rpath,'$$ORIGIN/..' -o $@

# Networks by a module, which it opens, against the plain C back end.
build/device/compare_networks: test/device/compare_networks.c $(wildcard test/device/*.h) $(wildcard test/unit/*.h) build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

# Maps by a module, which it opens, against the engine's.
build/device/compare_maps: test/device/compare_maps.c $(wildcard test/device/*.h) $(wildcard test/unit/*.h) build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

.PHONY: install-cuda uninstall-cuda
install-cuda: cuda installdirs
	$(INSTALL_SHLIB) $(CUDA_MODULE) '$(DESTDIR)$(pkglibdir)/rpm_pg_cuda.so'

uninstall-cuda:
	rm -f '$(DESTDIR)$(pkglibdir)/rpm_pg_cuda.so'
