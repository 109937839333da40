/// Kernels of the convolutional network.
package protocol NetworkKernels: Sendable {}
