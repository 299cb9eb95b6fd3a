package io.procrastinate;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * What others can reach in the modules that are published: their public and protected types and members, as the sources
 * have them. The sources are parsed only, so that no module need be built before this one.
 */
final class PublishedSources {

    /**
     * A declaration that others can reach.
     *
     * @param place its file and name
     * @param comment its documentation, or null if it has none
     * @param isInternal whether it is marked so itself
     * @param isInherited whether it has the documentation of what it overrides
     */
    record Declaration(String place, @Nullable String comment, boolean isInternal, boolean isInherited) {}

    private static final Path ROOT = Path.of("..");
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");

    private final List<Declaration> declarations = new ArrayList<>();

    private PublishedSources() {}

    /** The folders of the modules that the BOM names. */
    static List<Path> modules() throws IOException {
        Set<String> published = Set.copyOf(found(ARTIFACT, "bom"));
        List<Path> modules = new ArrayList<>();
        for (String module : found(MODULE, "")) {
            Path sources = ROOT.resolve(module).resolve("src/main/java");
            if (Files.isDirectory(sources)
                    && published.contains(found(ARTIFACT, module).get(1))) {
                modules.add(sources);
            }
        }
        return modules;
    }

    private static List<String> found(Pattern pattern, String folder) throws IOException {
        String description = Files.readString(ROOT.resolve(folder).resolve("pom.xml"));
        return pattern.matcher(description)
                .results()
                .map((MatchResult found) -> found.group(1))
                .distinct()
                .toList();
    }

    static List<Declaration> declarations() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path module : modules()) {
            try (Stream<Path> tree = Files.walk(module)) {
                tree.filter(path -> path.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        PublishedSources published = new PublishedSources();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, null, List.of("-proc:none"), null, files.getJavaFileObjectsFromPaths(sources));
            DocTrees comments = DocTrees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                TreePath file = new TreePath(unit);
                for (Tree type : unit.getTypeDecls()) {
                    if (type instanceof ClassTree declared) {
                        published.addType(new TreePath(file, type), declared, false, comments);
                    }
                }
            }
        }
        return Collections.unmodifiableList(published.declarations);
    }

    private void addType(TreePath path, ClassTree type, boolean inInterface, DocTrees comments) {
        if (!isReachable(type.getModifiers(), inInterface)) {
            return;
        }
        add(path, type.getModifiers(), comments);
        if (type.getKind() == Tree.Kind.CLASS
                && type.getMembers().stream().noneMatch(PublishedSources::isConstructor)) {
            declarations.add(new Declaration(place(path) + " <init>()", null, false, false));
        }
        for (Tree member : type.getMembers()) {
            TreePath below = new TreePath(path, member);
            boolean implied = type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
            if (member instanceof ClassTree nested) {
                addType(below, nested, implied, comments);
            } else if (member instanceof MethodTree method && isReachable(method.getModifiers(), implied)) {
                add(below, method.getModifiers(), comments);
            } else if (member instanceof VariableTree field && isReachable(field.getModifiers(), implied)) {
                add(below, field.getModifiers(), comments);
            }
        }
    }

    private static boolean isConstructor(Tree member) {
        return member instanceof MethodTree method && method.getReturnType() == null;
    }

    private static boolean isReachable(ModifiersTree modifiers, boolean implied) {
        Set<Modifier> flags = modifiers.getFlags();
        return flags.contains(Modifier.PUBLIC)
                || flags.contains(Modifier.PROTECTED)
                || (implied && !flags.contains(Modifier.PRIVATE));
    }

    private void add(TreePath path, ModifiersTree modifiers, DocTrees comments) {
        declarations.add(new Declaration(
                place(path),
                comments.getDocComment(path),
                isMarked("Internal", modifiers),
                isMarked("Override", modifiers)));
    }

    private static boolean isMarked(String annotation, ModifiersTree modifiers) {
        return modifiers.getAnnotations().stream()
                .map(AnnotationTree::getAnnotationType)
                .anyMatch(type -> type.toString().equals(annotation));
    }

    private static String place(TreePath path) {
        StringBuilder names = new StringBuilder();
        for (Tree part : path) {
            if (part instanceof CompilationUnitTree unit) {
                names.insert(0, Path.of(unit.getSourceFile().getName()).normalize());
            } else {
                names.insert(0, " " + name(part));
            }
        }
        return names.toString();
    }

    private static String name(Tree declaration) {
        if (declaration instanceof ClassTree type) {
            return type.getSimpleName().toString();
        }
        if (declaration instanceof MethodTree method) {
            return method.getName() + "("
                    + String.join(
                            ", ",
                            method.getParameters().stream()
                                    .map(parameter -> parameter.getType().toString())
                                    .toList())
                    + ")";
        }
        return ((VariableTree) declaration).getName().toString();
    }
}
