package import Evaluation
internal import Text

extension Statements {
  /// The pairs of classes with disproportionately many errors, the most errors first: see ``PairPriority``.
  package static func confusedPairs(_ priorities: [PairPriority], _ model: EvaluatedModel, limit: Int = 3)
    -> [HTMLStatement]
  {
    let names = model.classNames
    return priorities.prefix(limit).map { pair in
      let candidates =
        pair.labelCandidates.map { images in
          images.isEmpty
            ? ""
            : """
             \(QuantityText.count(images.count, "training image")) of the two classes may have a wrong label: review \
            \(images.count == 1 ? "it" : "them") first.
            """
        } ?? ""
      return HTMLStatement(
        pair.fractionOfErrors.percent,
        """
        \(QuantityText.count(pair.fractionOfErrors.successes)) of the \
        \(QuantityText.count(pair.fractionOfErrors.count)) errors are between 
        """
          + .strong(names[pair.first]) + " and " + .strong(names[pair.second]) + """
             (\(QuantityText.count(pair.firstAsSecond)) in one direction, \(QuantityText.count(pair.secondAsFirst)) in \
            the other). Without them, the accuracy would rise by at most \
            \(QuantityText.points(pair.maxGain.fraction)).
            """ + HTMLText(candidates))
    }
  }

  /// The classes whose recall is shown to be below the median of the others, the greatest gain first: see
  /// ``ClassPriority``.
  package static func weakClasses(_ priorities: [ClassPriority], _ model: EvaluatedModel, limit: Int = 3)
    -> [HTMLStatement]
  {
    priorities.prefix(limit).map { priority in
      HTMLStatement(
        "+\(QuantityText.points(priority.gain))",
        "Collect more or better images of " + .strong(model.classNames[priority.label]) + """
           \(priority.label == priorities[0].label ? "first" : "next"): its recall is \(priority.recall.percent), the \
          median of the other classes \(QuantityText.percent(priority.medianRecallOfOthers)). With the median recall, \
          the accuracy would rise by \(QuantityText.points(priority.gain)) \
          (\(NumberText.fixed(priority.minGain * 100, decimals: 1)) to \
          \(NumberText.fixed(priority.maxGain * 100, decimals: 1))).
          """)
    }
  }

  /// The text for data that support neither kind of statement.
  static let noPriority: HTMLText =
    "The test images do not show that any class or pair of classes is worse than the others, so none has priority."
}
