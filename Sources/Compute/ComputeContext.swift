package import KernelInterface

/// What every computation needs: threads to run on, and the kernels for this processor.
package struct ComputeContext: Sendable {
  package let team: ThreadTeam
  package let instructionSet: InstructionSet
  package let kernels: any KernelSet.Type

  /// - Parameters:
  ///   - threads: at least 1, the caller's included
  ///   - instructionSet: one that is available
  package init(threads: Int, instructionSet: InstructionSet) {
    self.team = ThreadTeam(threads: threads)
    self.instructionSet = instructionSet
    self.kernels = instructionSet.kernels
  }
}
