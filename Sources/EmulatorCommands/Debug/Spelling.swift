// What somebody may have meant who has mistyped a name.

import Foundation

enum Spelling {
  /// ` (did you mean TRIGGER?)`, or nothing if no name is close.
  static func hint(_ word: String, _ names: [String]) -> String {
    guard let name = nearest(word, names) else { return "" }
    return " (did you mean \(name)?)"
  }

  /// The name that is at most a third of its letters away, or two of four, the nearest of them.
  static func nearest(_ word: String, _ names: [String]) -> String? {
    let scored = names.map { ($0, distance(word.lowercased(), $0.lowercased())) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(best.0.count < 4 ? 1 : 2, best.0.count / 3)
    else { return nil }
    return best.0
  }

  /// Letters to insert, delete or replace (Levenshtein); of long words only the beginning is looked at.
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let cost = min(diagonal + (letter == other ? 0 : 1), row[j] + 1, row[j + 1] + 1)
        diagonal = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[b.count]
  }
}
