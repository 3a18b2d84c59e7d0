#pragma once

// Which sanitizer this code is built with. g++ defines a macro, clang++ answers a question that g++ before 14 does not know.
#ifndef __has_feature
#define __has_feature(feature) 0
#define NEUSPEC_WITHOUT_HAS_FEATURE
#endif

namespace neuspec::test {

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr bool address_sanitizer = true;
#else
inline constexpr bool address_sanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif

/// Both reserve address space without measure: no limit on it leaves them room.
inline constexpr bool address_space_is_reserved = address_sanitizer || thread_sanitizer;

}  // namespace neuspec::test

#ifdef NEUSPEC_WITHOUT_HAS_FEATURE
#undef __has_feature
#undef NEUSPEC_WITHOUT_HAS_FEATURE
#endif
