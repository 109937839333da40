package import Evaluation

extension Statements {
  /// Pairs of classes that have more than an even share of the errors, the most errors first: see ``PairPriority``.
  package static func confusedPairs(_ priorities: [PairPriority], _ model: JudgedModel, limit: Int = 3)
    -> [HTMLStatement]
  {
    let names = model.classNames
    return priorities.prefix(limit).map { pair in
      let candidates =
        pair.labelCandidates.map { images in
          images.isEmpty
            ? ""
            : " \(Wording.count(images.count, "training image")) between the two may be labeled wrongly: begin with them."
        } ?? ""
      return HTMLStatement(
        pair.shareOfErrors.percent,
        "Of all \(Wording.count(pair.shareOfErrors.count)) errors, \(Wording.count(pair.shareOfErrors.successes)) are between "
          + .strong(names[pair.first]) + " and " + .strong(names[pair.second]) + """
             (\(Wording.count(pair.firstAsSecond)) the one way, \(Wording.count(pair.secondAsFirst)) the other). If none were left, \
            the accuracy would rise by \(Wording.points(pair.mostGain.share)) at most.
            """ + HTMLText(candidates))
    }
  }

  /// Classes that the data show to be told worse than the median of the others, the greatest gain first: see ``ClassPriority``.
  package static func weakClasses(_ priorities: [ClassPriority], _ model: JudgedModel, limit: Int = 3)
    -> [HTMLStatement]
  {
    priorities.prefix(limit).map { priority in
      HTMLStatement(
        "+\(Wording.points(priority.gain))",
        "Photograph " + .strong(model.classNames[priority.label]) + """
           \(priority.label == priorities[0].label ? "first" : "next"): \(priority.recall.percent) of its images are named rightly, the \
          median of the other classes is \(Wording.percent(priority.medianRecallOfOthers)). Were it as good as that, the \
          accuracy would rise by \(Wording.points(priority.gain)) (\(NumberText.fixed(priority.leastGain * 100, decimals: 1)) to \
          \(NumberText.fixed(priority.greatestGain * 100, decimals: 1))).
          """)
    }
  }

  /// Where the data show neither, that is said.
  package static let noPriority: HTMLText =
    "The test images do not show that any class or pair of classes is worse than the others, so there is none to begin with."
}
