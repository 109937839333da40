internal import Coordination
package import Datasets
internal import Foundation
internal import Models
package import Selection

extension Cluster {
  /// Carries out fits of a sweep, which the workers share.
  ///
  /// - Parameters:
  ///   - units: the groups that are to be fitted
  ///   - keep: given what came of some groups, once for each
  /// - Returns: groups that no worker can fit, and why
  package func fit(
    _ groups: FitGroups, _ units: [Int], _ images: LabeledImages, classCount: Int,
    keep: @escaping (_ groups: Range<Int>, FitResults) throws -> Void, progress: Progress
  ) throws -> [Int: String] {
    var ranges: [Range<Int>] = []
    for unit in units.sorted() {
      if let last = ranges.last, last.upperBound == unit {
        ranges[ranges.count - 1] = last.lowerBound..<unit + 1
      } else {
        ranges.append(unit..<unit + 1)
      }
    }
    guard !ranges.isEmpty else { return [:] }
    var description = JobDescription()
    (description.work, description.classCount) = (.fitGroups, UInt32(classCount))
    description.images = .init(try share(.images(images)).bytes)
    description.groups = .init(try share(.groups(groups)).bytes)
    let end = try run(
      description, .tasks(TaskPool(units: ranges, isUneven: true)), unit: .fits, total: units.count,
      keep: { chunk, bytes in
        let counts = groups.groups[chunk.units].map(\.members.count)
        guard let results = FitResults(bytes: bytes, counts: counts) else {
          throw ModelError.badModel("a worker's results are not those of the fits that it was given")
        }
        try keep(chunk.units, results)
      }, progress: progress)
    guard case .done(let setAside) = end else { return [:] }
    var reasons: [Int: String] = [:]
    for chunk in setAside {
      for unit in chunk.units { reasons[unit] = setAsideReasons[chunk.id] }
    }
    return reasons
  }
}
