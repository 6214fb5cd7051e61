/*
 * library.c: where back ends are that are not built in: in libraries of their own, each opened when it is first asked for, so that a program
 * that runs no network neither loads nor needs oneDNN and OpenMP, and one that runs none on a GPU neither cuDNN nor cuBLAS.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net.h"

typedef struct nn_library
{
	const char *function;		/* that gives the back end */
	char	   *path;
	bool		tried;
	const nn_backend *found;
	rpm_status	status;			/* why there is none */
} nn_library;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static nn_library cuda_library = {.function = "rpm_nn_cuda_library"};

static void set_path(nn_library *library, const char *path);
static const nn_backend *backend_of(nn_library *library, rpm_status *status);
static void open_library(nn_library *library);

void
rpm_nn_set_cuda_library(const char *path)
{
	set_path(&cuda_library, path);
}

const nn_backend *
nn_cuda(rpm_status *status)
{
	return backend_of(&cuda_library, status);
}

bool
nn_cuda_driver(void)
{
	void	   *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);

	if (driver != NULL)
		dlclose(driver);
	return driver != NULL;
}

#ifdef RPM_HAVE_DNNL
/* What such a library is asked for: its back end, where it was built from the same source as the caller. */
const void *rpm_nn_onednn_library(const char *version) __attribute__((visibility("default")));

const void *
rpm_nn_onednn_library(const char *version)
{
	return strcmp(version, RPM_NN_LIBRARY_VERSION) == 0 ? &nn_onednn_backend : NULL;
}

void
rpm_nn_set_library(const char *path)
{
	(void) path;
}

const nn_backend *
nn_onednn(void)
{
	return &nn_onednn_backend;
}
#else
static nn_library onednn_library = {.function = "rpm_nn_onednn_library"};

void
rpm_nn_set_library(const char *path)
{
	set_path(&onednn_library, path);
}

const nn_backend *
nn_onednn(void)
{
	rpm_status	status;

	rpm_status_clear(&status);
	return backend_of(&onednn_library, &status);
}
#endif

static void
set_path(nn_library *library, const char *path)
{
	pthread_mutex_lock(&lock);
	if (library->path == NULL || strcmp(library->path, path) != 0)
	{
		free(library->path);
		library->path = strdup(path);
		library->tried = false;
	}
	pthread_mutex_unlock(&lock);
}

static const nn_backend *
backend_of(nn_library *library, rpm_status *status)
{
	const nn_backend *backend;

	pthread_mutex_lock(&lock);
	if (!library->tried)
		open_library(library);
	library->tried = true;
	backend = library->found;
	if (backend == NULL)
		rpm_fail(status, library->status.code, library->status.hint, "%s", library->status.message);
	pthread_mutex_unlock(&lock);
	return backend;
}

/* It stays open: threads of OpenMP or CUDA may live in it. */
static void
open_library(nn_library *library)
{
	void	   *opened = library->path != NULL ? dlopen(library->path, RTLD_NOW | RTLD_LOCAL) : NULL;
	const void *(*ask) (const char *version) = NULL;

	library->found = NULL;
	rpm_status_clear(&library->status);
	if (opened != NULL)
		/* POSIX has dlsym give functions as object pointers. */
		*(void **) &ask = dlsym(opened, library->function);
	if (ask != NULL)
		library->found = ask(RPM_NN_LIBRARY_VERSION);
	if (library->found != NULL)
		return;
	if (opened != NULL)
		rpm_fail(&library->status, RPM_UNSUPPORTED, "Install the library that was built with this version.", "%.200s is of another version of rpm_pg",
				 library->path);
	else
		rpm_fail(&library->status, RPM_UNSUPPORTED, "Networks on a GPU need the library that `make` builds where CUDA and cuDNN are, and cuDNN and cuBLAS.",
				 "the library of networks cannot be opened: %.250s", library->path != NULL ? dlerror() : "no path is set");
}
