/* What a shared library of neuspec shows to others; all else of it is hidden. */
#ifndef NEUSPEC_EXPORT_H
#define NEUSPEC_EXPORT_H

#if defined(__GNUC__)
#define NEUSPEC_API __attribute__((visibility("default")))
#else
#define NEUSPEC_API
#endif

#endif
