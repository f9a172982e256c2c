# One interface target carries what every file of ours is compiled with.
add_library(siploom_flags INTERFACE)
target_compile_options(siploom_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Werror
  -fno-omit-frame-pointer -fstack-protector-strong -fcf-protection -ftrivial-auto-var-init=zero)
target_compile_definitions(siploom_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SIPLOOM_SANITIZE)
  target_compile_definitions(siploom_flags INTERFACE _FORTIFY_SOURCE=3)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # SL_TRY is a statement expression; GCC has no switch for that one extension alone.
  target_compile_options(siploom_flags INTERFACE -Wno-pedantic)
  if(SIPLOOM_UNITY)
    # GCC takes files that are compiled several at once for headers, whose types must not hold file-local ones.
    target_compile_options(siploom_flags INTERFACE -Wno-subobject-linkage)
  endif()
else()
  # libstdc++ 12's stable_sort uses its own deprecated get_temporary_buffer, which only Clang reports.
  target_compile_options(siploom_flags INTERFACE -Wno-gnu-statement-expression
    -Wno-gnu-statement-expression-from-macro-expansion -Wno-deprecated-declarations)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
add_link_options(-Wl,-z,relro,-z,now)
find_program(MOLD mold)
if(MOLD AND NOT SIPLOOM_LIBFUZZER)
  add_link_options(-fuse-ld=mold)
endif()
if(SIPLOOM_SANITIZE)
  # Lines are enough for their reports; Clang without optimization compiles in half of GCC's time.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
  else()
    set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
  endif()
  target_compile_options(siploom_flags INTERFACE -fsanitize=${SIPLOOM_SANITIZE} -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The sanitizers' instrumentation makes GCC 12 see uninitialized uses inside fmt and the standard library.
    target_compile_options(siploom_flags INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  add_link_options(-fsanitize=${SIPLOOM_SANITIZE})
endif()
if(SIPLOOM_LIBFUZZER)
  target_compile_options(siploom_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
