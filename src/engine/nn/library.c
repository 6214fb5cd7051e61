/*
 * library.c: where the oneDNN back end is: built in, or in a library of its own that is opened when it is first asked for, so that a program
 * that runs no network neither loads nor needs oneDNN and OpenMP.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net.h"

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
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *library_path;
static bool tried;
static const nn_backend *found;

static const nn_backend *open_library(const char *path);

void
rpm_nn_set_library(const char *path)
{
	pthread_mutex_lock(&lock);
	free(library_path);
	library_path = strdup(path);
	tried = false;
	pthread_mutex_unlock(&lock);
}

const nn_backend *
nn_onednn(void)
{
	const nn_backend *backend;

	pthread_mutex_lock(&lock);
	if (!tried && library_path != NULL)
	{
		found = open_library(library_path);
		tried = true;
	}
	backend = found;
	pthread_mutex_unlock(&lock);
	return backend;
}

/* It stays open: threads of OpenMP may live in it. */
static const nn_backend *
open_library(const char *path)
{
	void	   *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const void *(*ask) (const char *version) = NULL;

	if (library == NULL)
		return NULL;
	/* POSIX has dlsym give functions as object pointers. */
	*(void **) &ask = dlsym(library, "rpm_nn_onednn_library");
	return ask != NULL ? ask(RPM_NN_LIBRARY_VERSION) : NULL;
}
#endif
