internal import Synchronization

/// The registered families of models. Commands, sweeps, workers, saved models, reports and benchmarks iterate over
/// them.
package enum ModelFamilies {
  private static let families = Mutex<[any ModelFamily.Type]>([
    NetworkFamily.self, ForestFamily.self, ExtraTreesFamily.self, NeighborsFamily.self, TreeFamily.self,
    LinearFamily.self,
  ])

  package static var all: [any ModelFamily.Type] { families.withLock { $0 } }

  /// Adds a family that another module defines. It must be added in every process that fits or loads its models, before
  /// anything else.
  package static func register(_ family: any ModelFamily.Type) {
    families.withLock { families in
      precondition(!families.contains { $0.kind == family.kind }, "the family \(family.kind.rawValue) exists already")
      families.append(family)
    }
  }

  /// The models of the reference study, in the order of its table.
  package static var referenceModels: [ReferenceModel] { all.compactMap { $0.reference } }

  static func named(_ name: String) -> (any ModelFamily.Type)? { all.first { $0.kind.rawValue == name } }
}
