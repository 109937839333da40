package import KernelInterface

/// The resources of a computation: threads, and the kernels for this processor.
package struct ComputeContext: Sendable {
  package let team: ThreadTeam
  package let instructionSet: InstructionSet
  package let kernels: any KernelSet.Type

  /// - Parameters:
  ///   - threads: the number of threads including the caller's, at least 1
  ///   - instructionSet: an available instruction set
  package init(threads: Int, instructionSet: InstructionSet) {
    self.team = ThreadTeam(threads: threads)
    self.instructionSet = instructionSet
    self.kernels = instructionSet.kernels
  }
}
