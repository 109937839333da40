/// Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification", 2016): all configurations are
/// fitted with little of a resource, the best with more, and so on. The scores of the whole rung determine which
/// configurations are promoted, so the result does not depend on the order of completion; ``RungDecisions`` decides
/// each promotion as soon as it is certain.
///
/// Each rung starts its fits from the beginning, so each score is that of a plain fit with that much of the resource.
/// This repeats 1/`factor` of the rung's work.
package struct SuccessiveHalving: Sendable, Equatable, Codable {
  package let resource: Resource
  /// One of `factor` configurations is promoted to the next rung, which has `factor` times the resource.
  package let factor: Int
  /// The least resource of the first rung; nil: a default that depends on the training images
  /// (``resolved(imageCount:classCount:)``), or 1.
  package let least: Int?
  package let most: Int

  package init(resource: Resource, factor: Int = 3, least: Int?, most: Int) {
    (self.resource, self.factor, self.least, self.most) = (resource, factor, least, most)
  }

  /// The resource of each rung, ascending; that of the last is ``most``.
  package var rungs: [Int] {
    var rungs = [most]
    while rungs[0] / factor >= max(least ?? 1, 1), factor > 1 { rungs.insert(rungs[0] / factor, at: 0) }
    return rungs
  }
}
