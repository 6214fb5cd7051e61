/*
 * cuda_module.c: opening the CUDA module, see cuda_module.h.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/cuda_module.h"

#define REASON_BYTES 320
/* A process has one module, except in tests. */
#define OPENED_MAX 4

typedef struct opened_module
{
	char	   *path;
	const rpm_cuda_module *module;
} opened_module;

static opened_module opened[OPENED_MAX];
static int	opened_count;

static const rpm_cuda_module *load(const char *path, char *reason, char *hint);

const rpm_cuda_module *
rpm_cuda_module_open(const char *path, rpm_device_state *state, char *reason, char *hint)
{
	const rpm_cuda_module *module;

	*state = RPM_DEVICE_USABLE;
	for (int i = 0; i < opened_count; i++)
		if (strcmp(opened[i].path, path) == 0)
			return opened[i].module;
	if (access(path, F_OK) != 0)
	{
		*state = RPM_DEVICE_NO_MODULE;
		snprintf(reason, REASON_BYTES, "the CUDA module is not installed");
		snprintf(hint, REASON_BYTES, "Build and install rpm_pg where nvcc is on PATH, which makes \"%.200s\".", path);
		return NULL;
	}
	*state = RPM_DEVICE_UNUSABLE;
	module = load(path, reason, hint);
	if (module == NULL)
		return NULL;
	if (opened_count < OPENED_MAX && (opened[opened_count].path = strdup(path)) != NULL)
		opened[opened_count++].module = module;
	*state = RPM_DEVICE_USABLE;
	return module;
}

static const rpm_cuda_module *
load(const char *path, char *reason, char *hint)
{
	void	   *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const rpm_cuda_module *(*table) (void);
	const rpm_cuda_module *module;

	if (library == NULL)
	{
		snprintf(reason, REASON_BYTES, "the CUDA module cannot be loaded: %.250s", dlerror());
		snprintf(hint, REASON_BYTES, "Install rpm_pg anew, from one build.");
		return NULL;
	}
	/* POSIX has dlsym give functions as object pointers. */
	*(void **) &table = dlsym(library, "rpm_cuda_module_table");
	module = table != NULL ? table() : NULL;
	if (module != NULL && module->interface == RPM_CUDA_INTERFACE)
		return module;
	dlclose(library);
	snprintf(reason, REASON_BYTES, "the CUDA module is of another version of rpm_pg");
	snprintf(hint, REASON_BYTES, "Install rpm_pg anew, from one build, and connect again.");
	return NULL;
}
