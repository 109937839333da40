internal import CInstructions
internal import Foundation
package import KernelInterface
internal import Kernels

#if arch(x86_64)
  internal import KernelsAVX2
  internal import KernelsAVX512
#endif

/// The instruction sets that kernels are compiled for, from the narrowest to the widest.
package enum InstructionSet: String, CaseIterable, Comparable, Sendable {
  case portable, avx2, avx512

  /// The environment variable that forces a narrower instruction set.
  package static let environmentVariable = "ATELIER_ISA"

  /// Whether this processor, under this operating system, can run the kernels.
  var isAvailable: Bool {
    switch self {
    case .portable: true
    case .avx2: atelier_cpu_has_avx2()
    case .avx512: atelier_cpu_has_avx512()
    }
  }

  /// The instruction sets that this processor can run, narrowest first.
  package static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

  package static func < (left: InstructionSet, right: InstructionSet) -> Bool {
    allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
  }

  /// Returns the instruction set that `ATELIER_ISA` names, or else the widest available one.
  ///
  /// - Throws: ``InstructionSetError`` if `ATELIER_ISA` names no instruction set, or one that this processor lacks.
  package static func chosen(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(InstructionSetError) -> InstructionSet {
    guard let name = environment[environmentVariable], !name.isEmpty else { return available.max()! }
    guard let forced = InstructionSet(rawValue: name) else { throw .unknown(name) }
    guard forced.isAvailable else { throw .notOnThisProcessor(forced) }
    return forced
  }

  /// Whether this processor, of an architecture that has wider kernels, can run only the portable ones, which are many
  /// times slower.
  package static var isProcessorTooOld: Bool {
    #if arch(x86_64)
      available == [.portable]
    #else
      false
    #endif
  }

  /// The kernels compiled for this set. The set must be available.
  package var kernels: any KernelSet.Type {
    precondition(isAvailable, "this processor has no \(rawValue)")
    #if arch(x86_64)
      switch self {
      case .portable: return Kernels.SIMDKernels.self
      case .avx2: return KernelsAVX2.SIMDKernels.self
      case .avx512: return KernelsAVX512.SIMDKernels.self
      }
    #else
      return Kernels.SIMDKernels.self
    #endif
  }
}

/// The reason why the instruction set that `ATELIER_ISA` names cannot be used.
package enum InstructionSetError: Error, CustomStringConvertible, Equatable {
  case unknown(String)
  case notOnThisProcessor(InstructionSet)

  package var description: String {
    switch self {
    case .unknown(let name):
      "\(InstructionSet.environmentVariable)=\(name) names no instruction set; expected one of "
        + InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
    case .notOnThisProcessor(let set):
      "\(InstructionSet.environmentVariable)=\(set.rawValue) is not supported by this processor; expected one of "
        + InstructionSet.available.map(\.rawValue).joined(separator: ", ")
    }
  }
}
