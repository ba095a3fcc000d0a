import { describe, expect, it } from 'vitest'
import { patchPath } from './patch-path.ts'

describe('the path of a patch', () => {
  it.each([
    ['of a change', 'diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n', 'x'],
    ['of a new file', 'diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n', 'x'],
    ['of a removed file', 'diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n', 'x'],
    ['of a renamed file', 'diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n', 'y'],
    ['of an empty file', 'diff --git a/a b/a b/a b/a\nnew file mode 100644\nindex 0..e\n', 'a b/a'],
    ['of another mode', 'diff --git "a/\\"x" "b/\\"x"\nold mode 100644\nnew mode 100755\n', '"x'],
    ['with a space', 'diff --git a/x y b/x y\n--- a/x y\t\n+++ b/x y\t\n@@ -1 +1 @@\n', 'x y'],
    [
      'with escapes',
      'diff --git "a/x" "b/x"\n--- "a/\\t\\n\\\\\\303\\274é"\n+++ "b/\\t\\n\\\\\\303\\274é"\n',
      '\t\n\\üé',
    ],
    [
      'like the other side',
      'diff --git a//dev/null b//dev/null\n--- /dev/null\n+++ b/dev/null\n@@ -0,0 +1 @@\n',
      'dev/null',
    ],
    ['not in the content', 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a/y\n+++ b/y\nrename to z\n', 'x'],
  ])('is found: %s', (_, patch, path) => {
    expect(patchPath(patch)).toBe(path)
  })
})
