# build.mk: the engine, its tests and its benchmarks; needs a C compiler, GEOS and, where present, Embree.

WARNINGS = -Wall -Wextra
ENGINE_CFLAGS = -std=gnu11 -O2 -g -fPIC $(WARNINGS) -Wno-unused-function

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

ENGINE_CPPFLAGS = $(EMBREE_CPPFLAGS) $(GEOS_CPPFLAGS) -D_GNU_SOURCE
ENGINE_LIBS = $(EMBREE_LIBS) $(GEOS_LIBS) -lm -lpthread

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

build/unit/%: test/unit/%.c $(wildcard test/unit/*.h) build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

unit: $(UNIT_PROGRAMS)
	@fail=0; for p in $(UNIT_PROGRAMS); do $$p || fail=1; done; exit $$fail

build/sanitize/%.o: src/engine/%.c $(ENGINE_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -c $< -o $@

build/sanitize/librpm_engine.a: $(SANITIZE_OBJECTS)
	rm -f $@ && ar rcs $@ $^

build/sanitize/unit/%: test/unit/%.c $(wildcard test/unit/*.h) build/sanitize/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -Itest/unit $< build/sanitize/librpm_engine.a $(ENGINE_LIBS) -o $@

sanitize: $(SANITIZE_PROGRAMS)
	@fail=0; for p in $(SANITIZE_PROGRAMS); do RPM_TEST_QUICK=1 $$p || fail=1; done; exit $$fail

build/bench/%: test/bench/%.c build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

bench: $(BENCH_PROGRAMS)

# Programs that compare with the reference data of other tracers (test/reference/*.sh run them).
build/reference/%: test/reference/%.c build/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) -Itest/unit $< build/librpm_engine.a $(ENGINE_LIBS) -o $@

# Fuzzers are ordinary programs over a corpus (main in test/fuzz/driver.h); with clang they are libFuzzer's.
build/fuzz/%: test/fuzz/%.c $(wildcard test/fuzz/*.h) build/sanitize/librpm_engine.a
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE_FLAGS) -Itest/fuzz $< build/sanitize/librpm_engine.a $(ENGINE_LIBS) -o $@

fuzz: $(FUZZ_PROGRAMS)

NVCC := $(shell command -v nvcc 2>/dev/null)
