import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Hot loops, exceptions, null checks by fault, threads, garbage, a child. */
public class Program {
    interface Shape {
        double area();
    }

    record Square(double side) implements Shape {
        public double area() {
            return side * side;
        }
    }

    record Circle(double radius) implements Shape {
        public double area() {
            return Math.PI * radius * radius;
        }
    }

    static double areas(int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            Shape shape = i % 2 == 0 ? new Square(i) : new Circle(i);
            sum += shape.area();
        }
        return sum;
    }

    static int nulls(String[] words) {
        int failed = 0;
        for (String word : words) {
            try {
                failed += word.length() > 100 ? 1 : 0;
            } catch (NullPointerException e) {
                failed++;
            }
        }
        return failed;
    }

    static int depth(int n) {
        return depth(n + 1) + 1;
    }

    public static void main(String[] args) throws Exception {
        double sum = 0;
        for (int i = 0; i < 200; i++) sum += areas(5000);
        System.out.println(sum);
        String[] words = new String[1000];
        for (int i = 0; i < words.length; i += 2) words[i] = "word" + i;
        int failed = 0;
        for (int i = 0; i < 100; i++) failed += nulls(words);
        System.out.println(failed);
        try {
            depth(0);
        } catch (StackOverflowError e) {
            System.out.println("overflow");
        }
        List<byte[]> garbage = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            garbage.add(new byte[50000]);
            if (garbage.size() > 20) garbage.clear();
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<Double>> futures = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            final int n = i * 1000;
            futures.add(threads.submit(() -> areas(n)));
        }
        for (Future<Double> future : futures) System.out.println(future.get());
        threads.shutdown();
        Process child = new ProcessBuilder("/bin/sh", "-c", "exit 3").start();
        System.out.println(child.waitFor());
        System.exit(4);
    }
}
