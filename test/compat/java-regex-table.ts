/** Patterns as users write them, and one for each rule of docs/regular-expressions.md; each is tried with all names. */
export const patternsInTable: readonly string[] = [
  '.*', '', 'orders', 'orders.*', 'orders\\..*', '.*\\.replica', 'mm2.*\\.internal', '__.*', 'a|b|orders', '(?i)ORDERS', '(?i)ORDERS|Käse', '(?iu)KÄSE', '(?iu)STRASSE',
  'a|(?i)ORDERS|B', '(?i:or)ders', '(?i-i:or)ders', '(?-i)orders', '(?s).*', '(?d).*', '(?m)^b$.*', '(?s)(?m).*^b$.*', '(?x) or ders # comment', '(?x)or[ d ]ers', '(?x)a\\ b',
  '(?U)\\w+', '(?U)\\p{Lower}+', '(?U)\\bä\\b', '(?u)ä', '(?i)ſ', '(?iu)s', '(?iu)[a-z]', '(?i)[A-Z_]+', '(?i)[^A-Z]+', '(?i)\\p{Lower}+', '(?i)\\p{Lu}+', '(?i)\\p{javaUpperCase}+', '(?iu)k',
  '\\Qa.b\\E', '\\Qa.b\\E+', '\\Qa.b', 'x\\Q\\E', '\\Q[\\E.*', '[\\Qa-c\\E]+', '\\Q1\\E1', '(a)\\1\\Q1\\E', '\\\\Qa', 'a\\Eb',
  '\\p{Alpha}+', '\\p{Alnum}+', '\\p{ASCII}+', '\\p{Blank}', '\\p{Cntrl}', '\\p{Digit}+', '\\p{Graph}+', '\\p{Lower}+', '\\p{Print}+', '\\p{Punct}+', '\\p{Space}', '\\p{Upper}+', '\\p{XDigit}+',
  '\\p{L}+', '\\pL+', '\\PL+', '\\P{L}+', '\\p{IsLatin}+', '\\p{IsGreek}+', '\\p{script=Han}+', '\\p{sc=Cyrl}+', '\\p{IsCyrillic}+', '\\p{IsAlphabetic}+', '\\p{IsUppercase}+', '\\p{Ispunct}+', '\\p{gc=Lu}+',
  '\\p{InBasicLatin}+', '\\p{InGreek}+', '\\p{InCyrillic}+', '\\p{block=BasicLatin}+', '\\p{LC}+', '\\p{LD}+', '\\p{L1}+', '\\p{all}+', '\\p{Sc}', '\\p{So}', '\\p{IsWhite_Space}',
  '\\p{javaLowerCase}+', '\\p{javaUpperCase}+', '\\p{javaLetter}+', '\\p{javaDigit}+', '\\p{javaLetterOrDigit}+', '\\p{javaWhitespace}', '\\p{javaMirrored}+', '\\p{javaJavaIdentifierStart}+', '\\p{javaJavaIdentifierPart}+',
  '\\p{alpha}', '\\p{Foo}', '\\p{IsFoo}', '\\p', '\\p{', '\\p{}', '\\p{L', '\\p{foo=bar}', '\\p{InFoo}',
  '\\h', '\\H+', '\\v', '\\V+', '\\s', '\\S+', '\\R', '\\R+', '\\d+', '\\D+', '\\w+', '\\W+', 'a\\Rb', '[\\h]', '[^\\v]+', '[\\v-x]', '[!-\\v]', '\\X+', '\\b{g}a', '\\N{LATIN SMALL LETTER A}',
  '\\Aorders\\z', '\\Aorders\\Z', '\\Gorders', 'or\\Gders', '^orders$', 'or^ders', 'a$', 'a$\\n', 'a\\Z\\n', 'a\\z\\n', '\\borders\\b', 'or\\Bders', '.*\\bb', '\\b', '\\B', 'a\\b\\.\\bb', 'ä\\b.*',
  '[abc]+', '[^abc]+', '[a-c]+', '[a-c1-3]+', '[a-z&&[^b]]+', '[a-z&&[a-m]&&[^c]]+', '[a-m[n-z]]+', '[a-z&&b-d]+', '[^a-z&&[b]]', '[a&&]', '[&&a]', '[a&&b]', '[a&b]+', '[a&]+', '[&]', '[&&]', '[&&&]', '[a&&&&b]', '[[a]&&[b]]',
  '[a&&[b]c]', '[a-c&&a-b&&a]', '[a[b]&&]', '[^[a]]', '[^[^a]]', '[[^a]b]', '[]a]', '[^]a]', '[a-]', '[-a]', '[a-[b]]', '[a-\\d]', '[\\d-z]', '[a\\-c]+', '[.]+', '[$^]', '[a^]', '[a-b-c]', '[c-a]', '[', '[a', '[a[b]', '[]', '[\\]]', '[a\\]b]+', '[\\b]', '[\\1]', '[\\p{L}&&[^a]]+', '[\\w&&\\D]+', '[(|)]', '[*+?{}]', '[#]', '(?x)[a #b\n]', '(?x)[a-  c]+', '(?x)[ ^a]',
  'a*', 'a+', 'a?', 'a{2}', 'a{2,}', 'a{2,3}', 'a{0}', 'a{0,0}', 'a{3,2}', 'a{', 'a{x', 'a{2', 'a{2,x}', 'a{,2}', '{2}', '{', '}', ']', 'a}', 'a{2}{3}', 'a**', 'a*?', 'a*+', 'a*+a', 'a++', 'a?+', 'a{2,3}+', 'a{2}+?', 'a???', '(a*)*', '(a*)+', '(a+)+', '(a|b)*', '(a|ab)(c|bcd)(d*)', '(?:a|b){2,3}', '(?:ab){2}', '(?:a|)+b', '(a?)*?b', '(?>a*)a', '(?>a|ab)c', '(?>a*?)a', '*a', '+', '?', 'a|*', '(*)', '^*a', '$*', '(?=a)*a', '(?i)*', 'a{99999999999}', 'a{1,99999999999}', 'a{1000}', '(?:a{1,3}){1,3}', 'a{ 2}', '(?x)a {2}', '(?x)a{ 2 , 3 }',
  '(a)\\1', '(a)(b)\\2\\1', '(?<x>a)\\k<x>', '(?<x>a)\\1', '\\1', '\\1(a)', '(a\\1)', '(a)|b\\1', '(a)?\\1', '(a)?b\\1', '(?i)(a)\\1', '(?iu)(ä)\\1', '(a)\\11', '(a)\\2', '\\k<x>', '(?<x>a)(?<x>b)', '(?<1>a)', '(?<>a)', '(?<a_b>a)', '(?<x', '\\k', '(?:(a)|b)*\\1', '((a)|b)*\\2',
  '(?=a).*', '(?!a).*', '(?=a)(?!ab).*', '.*(?<=b)', '.*(?<!b)', '.*(?<=a|bc)', '.*(?<=a{1,2})', '.*(?<=a*)', '.*(?<=(?:a|b){2})', '.*(?<=(a|b){1,2})', '.*(?<=(?:ab){2})', '.*(?<=a+)b', '.*(?<=a?)b', '.*(?<=(a))\\1', '(?<=^)a.*', '(?<=(?=a))a.*', '.*(?<=(?:a?){2})', '.*(?<=(?:ab?)?)', '.*(?<=\\R)b', '.*(?<=(?>a|b))', '.*(?<=(?:ab){1,2}+)',
  '\\t', '\\n', '\\r', '\\f', '\\a', '\\e', '\\cA', '\\c', '\\x41', '\\x4', '\\xg', '\\x{41}', '\\x{1F600}', '\\x{110000}', '\\x{', '\\x{}', '\\u0041', '\\u004', '\\uD83D\\uDE00', '\\0101', '\\0', '\\08', '\\0777', '\\07', '\\0377', '\\-', '\\_', '\\ ', '\\<', '\\y', '\\j', '\\', 'a\\', '\\E', '\\Z', '\\8', '\\é',
  '(', ')', '(a', 'a)', '()', '(|a)', '(a|)', '|', '||', 'a||b', '(?', '(?)', '(?:', '(?i', '(?i:', '(?z)', '(?i', '(?-)a', '(?i-s)A', '(?ii)A', '(?i--s)A', '(?#a)', '(?P<x>a)', '(?$a)', '(?@a)', '(?<=', '(?<', '((?i)a)A', '((?i)a|b)B', 'a(?i)b|B', '(?i)a(?-i)B', '(?x)a#b', '(?x)a#b\nb', '(?x)( ? i)a', '(?x)a\\#b', '(?x)\\Qa b\\E',
  '[a-z]+(?:[._-][a-z0-9]+)*', '^(?!.*internal).*$', 'prod\\.(?:eu|us)\\.[a-z]+\\.v[0-9]{1}', '(?!__)(?!mm2).+', '(?:(?!-).)*', '([a-z]+\\.)*[a-z]+', '(a+)+b', '(a|a)*b', '(a|aa)+b', '([a-zA-Z]+)*b', '(.*)*x', '(.*?,){3}P', '(?:a*)*b', '((a*)*)*b', '\ud83d\ude00+', '[\ud83d\ude00]', '.', '..', 'é', '[é-ü]+',
]

export const namesInTable: readonly string[] = [
  '', 'a', 'b', 'c', 'A', 'B', 'ab', 'ba', 'aa', 'aaa', 'aaaa', 'aab', 'abab', 'abcd', 'abc', 'aA', 'Aa', 'bB', 'aB', 'Ab', 'orders', 'ORDERS', 'Orders', 'orders.v1', 'orders-eu', 'or ders', 'x',
  'mm2-offsets.us.internal', '__consumer_offsets', 'us.orders.replica', 'prod.eu.orders.v1', 'a.b', 'a-b', 'a_b', 'a b', 'a1', '1', '11', '12', 'a11', 'aa1', '123', '_', '-', '.', '..', '^', '$', '&', '#', '*', '{', '}', '[', ']', '(', '|', ',', 'a}', 'a#b', 'a]b',
  '\t', '\n', '\r', '\r\n', 'a\nb', 'a\r\nb', 'a\n', 'b\na', 'a\nb\nc', '\u000b', '\u0085', '\u2028', '\u00a0', '\u0007', '\u001b', '\u0001', '\u0000', 'Q', 'Qa', 'E', '7', '\u003f7',
  'ä', 'Ä', 'ää', 'äÄ', 'Käse', 'käse', 'KÄSE', 'straße', 'STRASSE', 'é', 'ü', 'ſ', 'S', 's', 'K', 'k', '\u212a', 'İ', 'ı', 'ω', 'Ω', 'дом', '漢字', '€', '©', 'a\u0301', '\ud83d\ude00', '\ud83d\ude00\ud83d\ude00', 'Ǆ', 'ǅ', '٣', 'ª', 'Ⅷ',
  'aaaaaaaaaa', 'aaaaaaaaab',
]
