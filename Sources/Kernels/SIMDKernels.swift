internal import KernelInterface

/// The kernels over fixed-width `SIMD16` lanes, compiled for the instruction set of this target.
///
/// The lanes and the order of operations never depend on the instruction set: a narrower processor runs the same
/// lanes in several registers, so the result has the same bits. Only generic code of the standard library that is always
/// inlined may be used here: a function that is not (`Array`, `print`, …) would be emitted as a weak symbol compiled with this
/// target's instructions, and the linker might choose that copy for the whole program (`deploy/check-kernels` looks for such symbols).
package enum SIMDKernels: KernelSet {}
