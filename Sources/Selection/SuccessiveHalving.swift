/// Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification", 2016): all configurations with little of a resource,
/// the best with more, and so on. Who goes on is decided by the scores of the whole rung, so the result does not depend on who is ready when;
/// ``RungDecisions`` decides it for each as soon as it is certain.
///
/// Each rung fits anew, and does not go on from the rung before: so each score is that of a plain fit with that much of the resource. Of what a
/// rung costs, the part that was done before is one of `factor`.
package struct SuccessiveHalving: Sendable, Equatable, Codable {
  /// What a configuration gets more of.
  package enum Resource: String, Sendable, CaseIterable, Codable {
    case epochs, trees, images
  }

  package let resource: Resource
  /// Of so many, one goes on to the next rung, which has so many times the resource.
  package let factor: Int
  package let least: Int
  package let most: Int

  package init(resource: Resource, factor: Int = 3, least: Int, most: Int) {
    (self.resource, self.factor, self.least, self.most) = (resource, factor, least, most)
  }

  /// The resource of each rung, ascending; the last has the most.
  package var rungs: [Int] {
    var rungs = [most]
    while rungs[0] / factor >= max(least, 1), factor > 1 { rungs.insert(rungs[0] / factor, at: 0) }
    return rungs
  }
}
