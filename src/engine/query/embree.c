/*
 * embree.c: the ray-query provider "embree", over Embree 3 or 4.
 *
 * Built for robustness (RTC_SCENE_FLAG_ROBUST: watertight edges) and quality.  A process has one device, which may use one thread, the
 * caller's, so Embree starts none; it lives as long as the process, because giving it back makes Embree's scheduler start a thread.
 * Builds take turns, since two at once would hand work to each other's threads.  A build sees a stop between Embree's own steps, the
 * longest of which took 70 ms for 1e6 triangles.
 */
#ifdef RPM_HAVE_EMBREE

#include <fenv.h>
#include <float.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#if RPM_HAVE_EMBREE >= 4
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include "query/provider.h"

#define DEVICE_CONFIGURATION "threads=1,user_threads=1,set_affinity=0,start_threads=0"

typedef struct embree_query
{
	rpm_query	base;
	RTCScene	scene;
	const rpm_control *control; /* during the build */
	size_t		limit_bytes;	/* 0: none */
	size_t		bytes;			/* held by Embree */
	size_t		refused_bytes;	/* what a refused allocation would have come to */
} embree_query;

static RTCDevice device;		/* of the process; made under build_turn */
static pthread_mutex_t build_turn = PTHREAD_MUTEX_INITIALIZER;
static __thread embree_query *building; /* by this thread */

static bool take_turn(const rpm_control *control);
static rpm_code build(embree_query *query, const rpm_scene *scene, rpm_status *status);
static rpm_code fill_geometry(RTCGeometry geometry, const rpm_scene *scene, const rpm_control *control, rpm_status *status);
static rpm_code device_failure(const embree_query *query, rpm_status *status);
static bool allow_memory(void *context, ssize_t bytes, bool post);
static bool go_on(void *context, double done);
static bool intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit);
static bool occluded(const rpm_query *query, const rpm_ray *ray);
static void set_ray(struct RTCRay *to, const rpm_ray *from);
static float neighbour(float x, int step);
static void release(rpm_query *query);

static const rpm_query_provider embree_provider = {"embree", intersect, occluded, release};

/*
 * Embree's limit on memory is control->memory_limit_bytes for all it holds: RPM_LIMIT_EXCEEDED.  The floating-point environment
 * and the signal mask are the caller's own again afterwards.
 */
rpm_code
rpm_query_create_embree(const rpm_scene *scene, rpm_control *control, rpm_query **query, rpm_status *status)
{
	embree_query *self = calloc(1, sizeof(embree_query));
	sigset_t	all,
				before;
	fenv_t		environment;
	rpm_code	code;

	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a ray query");
	self->base.provider = &embree_provider;
	self->control = control;
	self->limit_bytes = control != NULL ? control->memory_limit_bytes : 0;
	if (!take_turn(control))
	{
		free(self);
		return rpm_query_cancelled(status);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fegetenv(&environment);
	building = self;
	code = build(self, scene, status);
	building = NULL;
	if (code != RPM_OK)
		release(&self->base);
	fesetenv(&environment);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_unlock(&build_turn);
	if (code != RPM_OK)
		return code;
	self->control = NULL;
	self->base.bytes = sizeof(*self) + self->bytes;
	*query = &self->base;
	return RPM_OK;
}

/* False when stopped while another thread builds. */
static bool
take_turn(const rpm_control *control)
{
	while (pthread_mutex_trylock(&build_turn) != 0)
	{
		if (rpm_stopped(control))
			return false;
		usleep(1000);
	}
	return true;
}

static rpm_code
build(embree_query *query, const rpm_scene *scene, rpm_status *status)
{
	RTCGeometry geometry;
	rpm_code	code;

	if (device == NULL && (device = rtcNewDevice(DEVICE_CONFIGURATION)) == NULL)
		return rpm_fail(status, RPM_INTERNAL, "Use the provider \"bvh\".", "Embree gives no device (error %d)",
						(int) rtcGetDeviceError(NULL));
	rtcGetDeviceError(device);	/* forgets what an earlier build left */
	rtcSetDeviceMemoryMonitorFunction(device, allow_memory, NULL);
	query->scene = rtcNewScene(device);
	geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
	if (query->scene == NULL || geometry == NULL)
	{
		if (geometry != NULL)
			rtcReleaseGeometry(geometry);
		return device_failure(query, status);
	}
	rtcSetSceneFlags(query->scene, RTC_SCENE_FLAG_ROBUST);
	rtcSetSceneBuildQuality(query->scene, RTC_BUILD_QUALITY_HIGH);
	rtcSetSceneProgressMonitorFunction(query->scene, go_on, query);
	code = fill_geometry(geometry, scene, query->control, status);
	if (code == RPM_OK && scene->triangle_count > 0)
	{
		rtcCommitGeometry(geometry);
		rtcAttachGeometry(query->scene, geometry);
	}
	rtcReleaseGeometry(geometry);
	if (code == RPM_INTERNAL)
		return device_failure(query, status);
	if (code != RPM_OK)
		return code;
	rtcCommitScene(query->scene);
	rtcSetSceneProgressMonitorFunction(query->scene, NULL, NULL);
	return device_failure(query, status);
}

static rpm_code
fill_geometry(RTCGeometry geometry, const rpm_scene *scene, const rpm_control *control, rpm_status *status)
{
	float	   *vertices;
	uint32_t   *corners;

	if (scene->triangle_count == 0)
		return RPM_OK;
	vertices = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, 3 * sizeof(float),
									   scene->vertex_count);
	corners = vertices == NULL ? NULL :
		rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, 3 * sizeof(uint32_t),
								scene->triangle_count);
	if (corners == NULL)
		return RPM_INTERNAL;
	for (size_t i = 0; i < scene->vertex_count; i++)
	{
		vertices[3 * i] = (float) scene->vertices[i].x;
		vertices[3 * i + 1] = (float) scene->vertices[i].y;
		vertices[3 * i + 2] = (float) scene->vertices[i].z;
	}
	if (rpm_stopped(control))
		return rpm_query_cancelled(status);
	for (size_t i = 0; i < scene->triangle_count; i++)
		memcpy(corners + 3 * i, scene->triangles[i].vertex, 3 * sizeof(uint32_t));
	return RPM_OK;
}

/* The device's first error as a status; RPM_OK when it has none. */
static rpm_code
device_failure(const embree_query *query, rpm_status *status)
{
	enum RTCError error = rtcGetDeviceError(device);

	if (error == RTC_ERROR_NONE)
		return RPM_OK;
	if (error == RTC_ERROR_CANCELLED || rpm_stopped(query->control))
		return rpm_query_cancelled(status);
	if (query->refused_bytes > 0)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent, or allow more memory.",
						"the ray-query hierarchy would need more than %.1f MB, %.1f MB are allowed",
						(double) query->refused_bytes / 1048576.0, (double) query->limit_bytes / 1048576.0);
	if (error == RTC_ERROR_OUT_OF_MEMORY)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent.", "out of memory for the ray-query hierarchy");
	return rpm_fail(status, RPM_INTERNAL, "Use the provider \"bvh\".", "Embree failed (error %d)", (int) error);
}

/* Memory given back by other threads at the same time is not the building query's. */
static bool
allow_memory(void *context, ssize_t bytes, bool post)
{
	embree_query *query = building;

	(void) context;
	(void) post;
	if (query == NULL)
		return true;
	query->bytes += (size_t) bytes;
	if (bytes <= 0 || query->limit_bytes == 0 || query->bytes <= query->limit_bytes)
		return true;
	query->refused_bytes = query->bytes;
	return false;
}

static bool
go_on(void *context, double done)
{
	const embree_query *query = context;

	(void) done;
	return !rpm_stopped(query->control);
}

static bool
intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit)
{
	const embree_query *self = (const embree_query *) query;
	struct RTCRayHit ray_hit;

	set_ray(&ray_hit.ray, ray);
	ray_hit.hit.geomID = RTC_INVALID_GEOMETRY_ID;
	ray_hit.hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
#if RPM_HAVE_EMBREE >= 4
	struct RTCIntersectArguments arguments;

	rtcInitIntersectArguments(&arguments);
	arguments.flags = RTC_RAY_QUERY_FLAG_INCOHERENT;
	rtcIntersect1(self->scene, &ray_hit, &arguments);
#else
	struct RTCIntersectContext context;

	rtcInitIntersectContext(&context);
	rtcIntersect1(self->scene, &context, &ray_hit);
#endif
	if (ray_hit.hit.geomID == RTC_INVALID_GEOMETRY_ID)
		return false;
	hit->t = ray_hit.ray.tfar;
	hit->triangle = ray_hit.hit.primID;
	return true;
}

static bool
occluded(const rpm_query *query, const rpm_ray *ray)
{
	const embree_query *self = (const embree_query *) query;
	struct RTCRay shadow;

	set_ray(&shadow, ray);
#if RPM_HAVE_EMBREE >= 4
	struct RTCOccludedArguments arguments;

	rtcInitOccludedArguments(&arguments);
	arguments.flags = RTC_RAY_QUERY_FLAG_INCOHERENT;
	rtcOccluded1(self->scene, &shadow, &arguments);
#else
	struct RTCIntersectContext context;

	rtcInitIntersectContext(&context);
	rtcOccluded1(self->scene, &context, &shadow);
#endif
	return shadow.tfar < 0;
}

/*
 * Embree's interval is closed and ours is open, so both ends move by one step of single precision.  query.c has seen to
 * 0 < t_max and t_min < t_max.
 */
static void
set_ray(struct RTCRay *to, const rpm_ray *from)
{
	to->org_x = from->origin[0];
	to->org_y = from->origin[1];
	to->org_z = from->origin[2];
	to->dir_x = from->direction[0];
	to->dir_y = from->direction[1];
	to->dir_z = from->direction[2];
	to->tnear = from->t_min >= FLT_MIN ? neighbour(from->t_min, 1) : FLT_MIN;
	to->tfar = neighbour(from->t_max, -1);
	to->time = 0;
	to->mask = UINT32_MAX;
	to->id = 0;
	to->flags = 0;
}

/* The next (step 1) or the last (step -1) number of single precision beside x > 0. */
static float
neighbour(float x, int step)
{
	int32_t		bits;

	memcpy(&bits, &x, sizeof(bits));
	bits += step;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

static void
release(rpm_query *query)
{
	embree_query *self = (embree_query *) query;

	if (self->scene != NULL)
		rtcReleaseScene(self->scene);
	free(self);
}

#else
/* Without Embree this file is empty; ISO C wants one declaration. */
typedef int rpm_no_embree;
#endif
